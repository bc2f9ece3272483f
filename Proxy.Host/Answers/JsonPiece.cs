using System.Text.Json;

namespace Proxy.Host.Answers;

/// <summary>Moves pieces of JSON strings without reading what they mean.</summary>
internal static class JsonPiece
{
    /// <summary>Appends the string that the reader stands before, escapes and all.</summary>
    public static void Append(Utf8Text text, ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) text.Append(reader.ValueSpan);
        else reader.Skip();
    }

    public static void Write(Utf8JsonWriter json, Utf8Text text)
    {
        var mark = text.IsCut ? " [cut]"u8 : default;
        var quoted = new byte[text.Kept.Length + mark.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        text.Kept.CopyTo(quoted.AsSpan(1));
        mark.CopyTo(quoted.AsSpan(1 + text.Kept.Length));
        json.WriteRawValue(quoted, skipInputValidation: true);
    }
}
