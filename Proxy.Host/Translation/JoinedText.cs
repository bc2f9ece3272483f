using System.Buffers;
using System.Text.Json;

namespace Proxy.Host.Translation;

/// <summary>Strings of JSON as one, escapes and all: joining strings is joining their bytes. Written once.</summary>
internal sealed class JoinedText : IDisposable
{
    private readonly PooledBytes _quoted = new(256);

    public JoinedText() => _quoted.Write("\""u8);

    public bool IsEmpty => _quoted.Written.Length == 1;

    public void Append(JsonElement text)
    {
        if (text.HasText) _quoted.Write(text.Raw[1..^1]);
    }

    /// <summary>A blank line before what comes next, if anything stands before it.</summary>
    public void Break()
    {
        if (!IsEmpty) _quoted.Write("\\n\\n"u8);
    }

    public void Write(ReadOnlySpan<byte> name, Utf8JsonWriter json)
    {
        _quoted.Write("\""u8);
        json.WritePropertyName(name);
        json.WriteRawValue(_quoted.Written.Span, skipInputValidation: true);
    }

    public void Dispose() => _quoted.Dispose();
}
