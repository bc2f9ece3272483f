using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation;
using Proxy.Management.Spend;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>Reads what a call at Bedrock used; its counts do not overlap, but for what was written to the cache, which is told by its times beside its sum.</summary>
internal static class ConverseUsage
{
    public static void Read(JsonElement usage, AnswerDigest digest)
    {
        var written = Count(usage.Get("cacheWriteInputTokens"u8));
        var writtenForAnHour = 0L;
        foreach (var detail in usage.Get("cacheDetails"u8).Entries)
        {
            if (detail.Get("ttl"u8).Is("1h"u8)) writtenForAnHour += Count(detail.Get("inputTokens"u8));
        }

        // A part that exceeds its sum is not believed.
        writtenForAnHour = Math.Min(writtenForAnHour, written);
        var read = new TokenUsage(Count(usage.Get("inputTokens"u8)), Count(usage.Get("cacheReadInputTokens"u8)), written - writtenForAnHour, Count(usage.Get("outputTokens"u8)), 0)
        {
            CacheWriteHour = writtenForAnHour,
        };

        // Nothing at all counts as unsaid; the call is then estimated. So does more than any call can have.
        if (read is { Total: > 0, Input: <= ProviderJson.MaxTokens, CachedInput: <= ProviderJson.MaxTokens, Output: <= ProviderJson.MaxTokens } && written <= ProviderJson.MaxTokens) digest.Usage = read;
    }

    /// <summary>What is no number, or less than none, counts as zero.</summary>
    private static long Count(JsonElement count) => (long)Math.Clamp(count.Number ?? 0, 0, ProviderJson.MaxTokens + 1d);
}
