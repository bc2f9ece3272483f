using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Resources;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>Reads a whole (not streamed) answer of the Messages API: model, usage, and the content.</summary>
internal static class AnthropicAnswer
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
                if (reader.ValueTextEquals("model"u8)) digest.Model = ProviderJson.Text(ref reader);
                else if (reader.ValueTextEquals("usage"u8)) AnthropicUsage.Read(ref reader, digest);
                else if (reader.ValueTextEquals("content"u8)) ReadContent(body, ref reader, digest);
                else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
                else if (reader.ValueTextEquals("container"u8)) ReadContainer(ref reader, digest);
                else if (reader.ValueTextEquals("input_tokens"u8)) ReadCount(ref reader, digest);
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
        var start = tail.LastIndexOf("\"usage\":"u8);
        if (start < 0) return;

        var reader = new Utf8JsonReader(tail[(start + "\"usage\":"u8.Length)..]);
        try
        {
            AnthropicUsage.Read(ref reader, digest);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not usage after all; the call is estimated.
        }
    }

    /// <summary>Where the message's code ran, which the next message may name.</summary>
    public static void ReadContainer(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8)) digest.Note(ResourceKinds.Container, ProviderJson.Text(ref reader));
            else ProviderJson.Next(ref reader);
        }
    }

    private static void ReadContent(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        digest.Output = body[start..(int)reader.BytesConsumed];
        digest.OutputBytes = digest.Output.Length;
    }

    /// <summary>An answer that only counts tokens says so at its top; counting is free.</summary>
    private static void ReadCount(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        ProviderJson.Next(ref reader);
        digest.Usage ??= default(Proxy.Management.Spend.TokenUsage);
    }
}
