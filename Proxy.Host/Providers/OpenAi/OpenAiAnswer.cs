using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>Reads a whole (not streamed) OpenAI answer: model, usage, and the words of the first choice, or of all when there are several.</summary>
internal static class OpenAiAnswer
{
    private const decimal MaxSearches = 1_000_000;

    /// <summary>False when it is not a JSON object from its first byte to its last.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, AnswerDigest digest)
    {
        var reader = new Utf8JsonReader(body.Span);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("model"u8)) digest.Model = ProviderJson.Text(ref reader);
                else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader, digest);
                else if (reader.ValueTextEquals("service_tier"u8)) ServiceTierWord.Note(ref reader, digest);
                else if (reader.ValueTextEquals("choices"u8)) ReadChoices(body, ref reader, digest);
                else if (reader.ValueTextEquals("data"u8)) digest.Items = CountItems(ref reader);
                else if (reader.ValueTextEquals("size"u8)) digest.PictureSize = ProviderJson.Text(ref reader);
                else if (reader.ValueTextEquals("quality"u8)) digest.PictureQuality = ProviderJson.Text(ref reader);
                else if (reader.ValueTextEquals("meta"u8)) digest.Searches = ReadSearches(ref reader);
                else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
                else ProviderJson.Next(ref reader);
            }

            return !reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What was read before the fault stands; the rest is estimated.
            return false;
        }
    }

    /// <summary>Reads the usage of an answer whose beginning was not kept.</summary>
    /// <remarks>Within a JSON string the quotes would be escaped, so these bytes cannot be text that a model made up.</remarks>
    public static void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest)
    {
        var start = tail.LastIndexOf("\"usage\":"u8);
        if (start < 0) return;

        var reader = new Utf8JsonReader(tail[(start + "\"usage\":"u8.Length)..]);
        try
        {
            ReadUsage(ref reader, digest);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not usage after all; the call is estimated.
        }
    }

    public static void ReadUsage(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (OpenAiUsage.Read(ref reader) is { } usage) digest.Usage = usage;
    }

    private static int? CountItems(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }

        var items = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            reader.Skip();
            items++;
        }

        return items;
    }

    /// <summary>Cohere's <c>meta.billed_units.search_units</c>.</summary>
    private static long? ReadSearches(ref Utf8JsonReader reader)
    {
        using var meta = JsonDocument.ParseValue(ref reader);
        return meta.RootElement.ValueKind == JsonValueKind.Object
            && meta.RootElement.TryGetProperty("billed_units"u8, out var units) && units.ValueKind == JsonValueKind.Object
            && units.TryGetProperty("search_units"u8, out var searches) && searches.ValueKind == JsonValueKind.Number
            && searches.TryGetDecimal(out var count) && count is >= 0 and <= MaxSearches
                ? (long)Math.Ceiling(count)
                : null;
    }

    private static void ReadChoices(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        var choices = 0;
        var first = default(ReadOnlyMemory<byte>);
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                var words = ReadChoice(body, ref reader);
                if (choices++ == 0) first = words;
                digest.OutputBytes += words.Length;
            }
        }
        else
        {
            reader.Skip();
        }

        digest.Output = choices > 1 ? body[start..(int)reader.BytesConsumed] : first;
    }

    private static ReadOnlyMemory<byte> ReadChoice(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader)
    {
        var words = default(ReadOnlyMemory<byte>);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var holdsWords = reader.ValueTextEquals("message"u8) || reader.ValueTextEquals("text"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (holdsWords) words = body[start..(int)reader.BytesConsumed];
        }

        return words;
    }
}
