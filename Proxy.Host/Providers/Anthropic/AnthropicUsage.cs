using System.Text.Json;
using Proxy.Management.Spend;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>Reads Anthropic's usage, whose counts do not overlap.</summary>
internal static class AnthropicUsage
{
    /// <summary>The reader stands before the value. What it does not state stays as it was said before, as in the later events of a stream.</summary>
    public static TokenUsage? Read(ref Utf8JsonReader reader, TokenUsage? known)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return known;
        }

        var usage = known ?? default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input_tokens"u8)) usage = usage with { Input = ProviderJson.Number(ref reader) };
            else if (reader.ValueTextEquals("cache_read_input_tokens"u8)) usage = usage with { CachedInput = ProviderJson.Number(ref reader) };
            else if (reader.ValueTextEquals("cache_creation_input_tokens"u8)) usage = usage with { CacheWrite = ProviderJson.Number(ref reader) };
            else if (reader.ValueTextEquals("output_tokens"u8)) usage = usage with { Output = ProviderJson.Number(ref reader) };
            else ProviderJson.Next(ref reader);
        }

        return IsBelievable(usage) ? usage : known;
    }

    /// <summary>Nothing at all, or more than any call can have, counts as unsaid; the call is then estimated.</summary>
    private static bool IsBelievable(in TokenUsage usage) =>
        usage.Total > 0 && usage is { Input: <= ProviderJson.MaxTokens, CachedInput: <= ProviderJson.MaxTokens, CacheWrite: <= ProviderJson.MaxTokens, Output: <= ProviderJson.MaxTokens };
}
