using System.Text.Json;

namespace Proxy.Host.Translation;

/// <summary>What a translation wrote, looked at before it goes out.</summary>
internal static class TranslatedBody
{
    /// <summary>More fields than any request has.</summary>
    private const int MaxFields = 128;

    /// <summary>
    /// The field that stands twice at the top of the object; null when none does. A client that knows both APIs may state one that the translation writes from
    /// another: the provider would take one of them, and another may have been checked and logged.
    /// </summary>
    public static string? FindTwice(ReadOnlySpan<byte> body)
    {
        Span<Range> names = stackalloc Range[MaxFields];
        var count = 0;
        var reader = new Utf8JsonReader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            foreach (var known in names[..count])
            {
                if (reader.ValueTextEquals(body[known])) return reader.GetString();
            }

            var start = (int)reader.TokenStartIndex + 1;
            if (count == MaxFields) return reader.GetString();
            names[count++] = start..(start + reader.ValueSpan.Length);
            reader.Read();
            reader.Skip();
        }

        return null;
    }
}
