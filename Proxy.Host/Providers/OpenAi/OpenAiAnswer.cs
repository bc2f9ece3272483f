using System.Text;
using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>Reads a whole (not streamed) OpenAI answer: model, usage, and the words of the first choice, or of all when there are several.</summary>
internal static class OpenAiAnswer
{
    private const int MaxErrorLength = 1000;

    /// <returns>False when the body is not one whole JSON object.</returns>
    public static bool Read(ReadOnlyMemory<byte> body, AnswerDigest digest)
    {
        var reader = new Utf8JsonReader(body.Span);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("model"u8)) digest.Model = Text(ref reader);
                else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader, digest);
                else if (reader.ValueTextEquals("choices"u8)) ReadChoices(body, ref reader, digest);
                else if (reader.ValueTextEquals("error"u8)) ReadError(ref reader, digest);
                else Next(ref reader);
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
    /// <returns>False when the end is none of a JSON object.</returns>
    public static bool ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest)
    {
        var isWhole = tail.TrimEnd(" \r\n\t"u8).EndsWith("}"u8);
        var start = tail.LastIndexOf("\"usage\":"u8);
        if (start < 0) return isWhole;

        var reader = new Utf8JsonReader(tail[(start + "\"usage\":"u8.Length)..]);
        try
        {
            ReadUsage(ref reader, digest);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not usage after all; the call is estimated.
        }

        return isWhole;
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

        digest.ErrorMessage ??= "The provider answered with an error.";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("message"u8)) digest.ErrorMessage = Cut(Text(ref reader)) ?? digest.ErrorMessage;
            else Next(ref reader);
        }
    }

    public static void ReadUsage(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (OpenAiUsage.Read(ref reader) is { } usage) digest.Usage = usage;
    }

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

    private static string? Cut(string? text) => text is { Length: > MaxErrorLength }
        ? new StringBuilder(text, 0, MaxErrorLength, MaxErrorLength + 1).Append('…').ToString()
        : text;
}
