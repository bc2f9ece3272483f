using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Requests;
using Proxy.Host.Resources;

namespace Proxy.Host.Providers.Responses;

/// <summary>Reads a whole response: model, usage, and what was put out.</summary>
internal static class ResponsesAnswer
{
    /// <summary>False when it is not a JSON object from its first byte to its last.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, AnswerDigest digest)
    {
        var reader = new Utf8JsonReader(body.Span);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

            var output = Read(ref reader, digest);
            digest.Output = body[output];
            digest.OutputBytes = digest.Output.Length;
            return !reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What was read before the fault stands; the rest is estimated.
            return false;
        }
    }

    /// <summary>The reader stands on the start of a response and is left on its end.</summary>
    /// <returns>Where its output stands; empty when it has none.</returns>
    public static Range Read(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        var output = default(Range);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8)) digest.Model = ProviderJson.Text(ref reader) ?? digest.Model;
            else if (reader.ValueTextEquals("usage"u8)) OpenAiAnswer.ReadUsage(ref reader, digest);
            else if (reader.ValueTextEquals("service_tier"u8)) ServiceTierWord.Note(ref reader, digest);
            else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
            else if (reader.ValueTextEquals("output"u8)) output = ReadOutput(ref reader, digest);
            else if (reader.ValueTextEquals("id"u8)) digest.Note(ResourceKinds.Response, ProviderJson.Text(ref reader));
            else if (reader.ValueTextEquals("conversation"u8)) ReadConversation(ref reader, digest);
            else ProviderJson.Next(ref reader);
        }

        return output;
    }

    private static Range ReadOutput(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return default;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject) ReadItem(ref reader, digest);
            else reader.Skip();
        }

        var end = (int)reader.BytesConsumed;
        return end - start <= 2 ? default : start..end;
    }

    /// <summary>A client may refer to each part of an answer by itself, and to the container that a part was made in.</summary>
    private static void ReadItem(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8)) digest.Note(ResourceKinds.Item, ProviderJson.Text(ref reader));
            else if (reader.ValueTextEquals("container_id"u8)) digest.Note(ResourceKinds.Container, ProviderJson.Text(ref reader));
            else ProviderJson.Next(ref reader);
        }
    }

    private static void ReadConversation(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8)) digest.Note(ResourceKinds.Conversation, ProviderJson.Text(ref reader));
            else ProviderJson.Next(ref reader);
        }
    }
}
