using System.Text.Json;
using Proxy.Management.Spend;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>Reads OpenAI's usage object into buckets that add up: its totals hold the cached and the reasoning tokens.</summary>
internal static class OpenAiUsage
{
    /// <summary>The reader stands on the object's start and is left on its end; null when it tells nothing that can be believed.</summary>
    public static TokenUsage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        long prompt = 0, completion = 0, cached = 0, reasoning = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8)) prompt = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8)) completion = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("input_tokens_details"u8)) cached = Detail(ref reader, "cached_tokens"u8);
            else if (reader.ValueTextEquals("completion_tokens_details"u8) || reader.ValueTextEquals("output_tokens_details"u8)) reasoning = Detail(ref reader, "reasoning_tokens"u8);
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (prompt + completion == 0 || prompt > ProviderJson.MaxTokens || completion > ProviderJson.MaxTokens) return null;

        // A provider whose parts exceed the whole is not believed on the parts.
        cached = Math.Min(cached, prompt);
        reasoning = Math.Min(reasoning, completion);
        return new TokenUsage(prompt - cached, cached, 0, completion - reasoning, reasoning);
    }

    private static long Detail(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return 0;
        }

        long value = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(name))
            {
                value = ProviderJson.Number(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return value;
    }
}
