using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Requests;
using Proxy.Management.Spend;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>Reads Anthropic's usage, whose counts do not overlap: but what was written to the cache is told as a sum, and by its times beside it.</summary>
internal static class AnthropicUsage
{
    /// <summary>The reader stands before the value. What it does not state stays as it was said before, as in the later events of a stream.</summary>
    public static void Read(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        var usage = digest.Usage ?? default;
        var written = usage.CacheWrite + usage.CacheWriteHour;
        var writtenForAnHour = usage.CacheWriteHour;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input_tokens"u8)) usage = usage with { Input = ProviderJson.Number(ref reader) };
            else if (reader.ValueTextEquals("cache_read_input_tokens"u8)) usage = usage with { CachedInput = ProviderJson.Number(ref reader) };
            else if (reader.ValueTextEquals("cache_creation_input_tokens"u8)) written = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("cache_creation"u8)) writtenForAnHour = ReadWrittenForAnHour(ref reader) ?? writtenForAnHour;
            else if (reader.ValueTextEquals("output_tokens"u8)) usage = usage with { Output = ProviderJson.Number(ref reader) };
            else if (reader.ValueTextEquals("service_tier"u8)) ServiceTierWord.Note(ref reader, digest);
            else ProviderJson.Next(ref reader);
        }

        // A part that exceeds its sum is not believed.
        writtenForAnHour = Math.Min(writtenForAnHour, written);
        usage = usage with { CacheWrite = written - writtenForAnHour, CacheWriteHour = writtenForAnHour };
        if (IsBelievable(usage)) digest.Usage = usage;
    }

    private static long? ReadWrittenForAnHour(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        long? tokens = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("ephemeral_1h_input_tokens"u8)) tokens = ProviderJson.Number(ref reader);
            else ProviderJson.Next(ref reader);
        }

        return tokens;
    }

    /// <summary>Nothing at all, or more than any call can have, counts as unsaid; the call is then estimated.</summary>
    private static bool IsBelievable(in TokenUsage usage) =>
        usage.Total > 0
        && usage is { Input: <= ProviderJson.MaxTokens, CachedInput: <= ProviderJson.MaxTokens, Output: <= ProviderJson.MaxTokens }
        && usage.CacheWrite + usage.CacheWriteHour <= ProviderJson.MaxTokens;
}
