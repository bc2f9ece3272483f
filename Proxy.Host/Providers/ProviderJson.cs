using System.Text;
using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers;

/// <summary>What the JSON of all providers has in common.</summary>
internal static class ProviderJson
{
    /// <summary>For an error that says nothing.</summary>
    public const string UnnamedError = "The provider answered with an error.";

    private const int MaxErrorLength = 1000;

    /// <summary>The string that the reader stands before; null when it is something else.</summary>
    public static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return reader.GetString();

        reader.Skip();
        return null;
    }

    /// <summary>Passes over the value that the reader stands before.</summary>
    public static void Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    /// <summary>The sentence of an error object, which the reader stands before.</summary>
    public static void ReadError(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) digest.ErrorMessage = Cut(reader.GetString());
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        digest.ErrorMessage ??= UnnamedError;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("message"u8)) digest.ErrorMessage = Cut(Text(ref reader)) ?? digest.ErrorMessage;
            else Next(ref reader);
        }
    }

    /// <summary>No call has so many tokens; who counts more is not believed.</summary>
    public const long MaxTokens = 1_000_000_000;

    /// <summary>A count; what is no number, or less than none, counts as zero and cannot turn a cost negative.</summary>
    public static long Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value)) return (long)Math.Clamp(value, 0, MaxTokens + 1d);

        reader.Skip();
        return 0;
    }

    /// <summary>What is no number, or beyond what is counted, is nothing.</summary>
    public static decimal Decimal(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var value) && value is > 0 and <= MaxTokens) return value;

        reader.Skip();
        return 0;
    }

    /// <summary>Of a sentence as much as a log line can bear.</summary>
    public static string? Cut(string? text) => text is { Length: > MaxErrorLength }
        ? new StringBuilder(text, 0, MaxErrorLength, MaxErrorLength + 1).Append('…').ToString()
        : text;
}
