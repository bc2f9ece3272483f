using System.Text.Json;

namespace Proxy.Logging.Records;

/// <summary>Writes what calls brought along, which may be no JSON, where JSON is wanted.</summary>
internal static class RawJson
{
    private const int MaxDepth = 60;

    /// <summary>JSON as it is, anything else as a string.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> text)
    {
        if (IsJson(text)) writer.WriteRawValue(text, skipInputValidation: true);
        else writer.WriteStringValue(text);
    }

    /// <summary>As <see cref="Write(Utf8JsonWriter, ReadOnlySpan{byte})"/>, for a value of metadata.</summary>
    public static void Write(Utf8JsonWriter writer, string text) => Write(writer, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>JSON without the line ends that somebody wrote it with.</summary>
    public static void WriteOnOneLine(Utf8JsonWriter writer, ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            document.RootElement.WriteTo(writer);
        }
        catch (JsonException)
        {
            writer.WriteStringValue(text.Span);
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            var hasValue = false;
            while (reader.Read()) hasValue = true;
            return hasValue;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
