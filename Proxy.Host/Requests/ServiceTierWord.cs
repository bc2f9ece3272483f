using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Management.Prices;

namespace Proxy.Host.Requests;

/// <summary>The words for service tiers: clients ask with them, and providers answer which one a call got.</summary>
internal static class ServiceTierWord
{
    /// <summary>The reader stands on the value, and stays there.</summary>
    /// <returns>Null for words that leave it open, such as <c>auto</c>.</returns>
    public static ServiceTier? Read(in Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) return null;
        if (reader.ValueTextEquals("priority"u8)) return ServiceTier.Priority;
        if (reader.ValueTextEquals("flex"u8)) return ServiceTier.Flex;
        if (reader.ValueTextEquals("batch"u8)) return ServiceTier.Batch;
        return reader.ValueTextEquals("default"u8) || reader.ValueTextEquals("standard"u8) ? ServiceTier.Standard : null;
    }

    /// <summary>The reader stands before the value, which a provider states.</summary>
    public static void Note(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        digest.ServiceTier = Read(reader) ?? digest.ServiceTier;
        reader.Skip();
    }
}
