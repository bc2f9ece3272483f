using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Gemini;

/// <summary>Reads a whole (not streamed) answer of the Gemini API: model, usage, and the content of the first candidate.</summary>
internal static class GeminiAnswer
{
    /// <summary>False when it is not a JSON object from its first byte to its last.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, AnswerDigest digest)
    {
        var reader = new Utf8JsonReader(body.Span);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("modelVersion"u8)) digest.Model = ProviderJson.Text(ref reader);
                else if (reader.ValueTextEquals("usageMetadata"u8)) GeminiUsage.Read(ref reader, digest);
                else if (reader.ValueTextEquals("candidates"u8)) ReadCandidates(body, ref reader, digest);
                else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
                else if (reader.ValueTextEquals("totalTokens"u8)) ReadCount(ref reader, digest);
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
    public static void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest)
    {
        var name = "\"usageMetadata\":"u8;
        var start = tail.LastIndexOf(name);
        if (start < 0) return;

        var reader = new Utf8JsonReader(tail[(start + name.Length)..]);
        try
        {
            GeminiUsage.Read(ref reader, digest);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not usage after all; the call is estimated.
        }
    }

    private static void ReadCandidates(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isContent = reader.ValueTextEquals("content"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (!isContent) continue;

                var content = body[start..(int)reader.BytesConsumed];
                if (digest.Output.IsEmpty) digest.Output = content;
                digest.OutputBytes += content.Length;
            }
        }
    }

    /// <summary>A count is the answer itself, and used nothing.</summary>
    private static void ReadCount(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        ProviderJson.Next(ref reader);
        digest.Usage = default(Proxy.Management.Spend.TokenUsage);
    }
}
