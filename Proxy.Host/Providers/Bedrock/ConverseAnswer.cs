using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>Reads a whole answer of the Converse API: usage and content; or the sentence of a refusal.</summary>
internal static class ConverseAnswer
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
                if (reader.ValueTextEquals("output"u8)) ReadOutput(body, ref reader, digest);
                else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader, digest);
                else if (reader.ValueTextEquals("message"u8) || reader.ValueTextEquals("Message"u8)) digest.ErrorMessage = ProviderJson.Cut(ProviderJson.Text(ref reader)) ?? ProviderJson.UnnamedError;
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

    private static void ReadUsage(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        using var usage = JsonDocument.ParseValue(ref reader);
        ConverseUsage.Read(usage.RootElement, digest);
    }

    /// <summary>The content stands within a message, and that within the output.</summary>
    private static void ReadOutput(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("message"u8))
            {
                ReadOutput(body, ref reader, digest);
            }
            else if (reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                digest.Output = body[start..(int)reader.BytesConsumed];
                digest.OutputBytes = digest.Output.Length;
            }
            else
            {
                ProviderJson.Next(ref reader);
            }
        }
    }
}
