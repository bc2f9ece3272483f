using System.Text.Json;
using Proxy.Management.Spend;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>Reads OpenAI's usage object into buckets that add up: its totals hold the cached, the spoken and the reasoning tokens.</summary>
internal static class OpenAiUsage
{
    /// <summary>Of what is heard; beyond a day it is a mistake.</summary>
    private const long MaxSeconds = 24 * 60 * 60;

    /// <summary>The reader stands on the object's start and is left on its end; null when it tells nothing that can be believed.</summary>
    public static TokenUsage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        long prompt = 0, completion = 0, hit = 0;
        decimal seconds = 0;
        Details input = default, output = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8)) prompt = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8)) completion = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("input_tokens_details"u8) || reader.ValueTextEquals("input_token_details"u8)) input = ReadDetails(ref reader);
            else if (reader.ValueTextEquals("completion_tokens_details"u8) || reader.ValueTextEquals("output_tokens_details"u8) || reader.ValueTextEquals("output_token_details"u8)) output = ReadDetails(ref reader);
            else if (reader.ValueTextEquals("prompt_cache_hit_tokens"u8)) hit = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("seconds"u8)) seconds = ProviderJson.Decimal(ref reader);
            else ProviderJson.Next(ref reader);
        }

        if (prompt + completion == 0 && seconds is > 0 and <= MaxSeconds) return new TokenUsage { Seconds = seconds };
        if (prompt + completion == 0 || prompt > ProviderJson.MaxTokens || completion > ProviderJson.MaxTokens) return null;

        // A provider whose parts exceed the whole is not believed on the parts. DeepSeek has a word of its own for what came from its cache.
        var cached = Math.Min(Math.Max(input.Cached, hit), prompt);
        var heard = Math.Min(input.Audio, prompt - cached);
        var reasoning = Math.Min(output.Reasoning, completion);
        var spoken = Math.Min(output.Audio, completion - reasoning);
        var seen = Math.Min(input.Image, prompt - cached - heard);
        var drawn = Math.Min(output.Image, completion - reasoning - spoken);
        return new TokenUsage(prompt - cached - heard - seen, cached, 0, completion - reasoning - spoken - drawn, reasoning)
        {
            AudioInput = heard,
            AudioOutput = spoken,
            ImageInput = seen,
            ImageOutput = drawn,
        };
    }

    private static Details ReadDetails(ref Utf8JsonReader reader)
    {
        var details = default(Details);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return details;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("cached_tokens"u8)) details.Cached = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("audio_tokens"u8)) details.Audio = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("image_tokens"u8)) details.Image = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("reasoning_tokens"u8)) details.Reasoning = ProviderJson.Number(ref reader);
            else ProviderJson.Next(ref reader);
        }

        return details;
    }

    /// <summary>The parts of a total that have prices of their own.</summary>
    private record struct Details(long Cached, long Audio, long Image, long Reasoning);
}
