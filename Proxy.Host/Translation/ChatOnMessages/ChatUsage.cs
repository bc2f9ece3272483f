using System.Text.Json;
using Proxy.Management.Spend;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>What a call used, in OpenAI's form, whose totals hold their parts; as it is billed. LiteLLM's names tell what was written to the cache.</summary>
internal static class ChatUsage
{
    public static void Write(Utf8JsonWriter json, in TokenUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, usage.TotalInput);
        json.WriteNumber("completion_tokens"u8, usage.TotalOutput);
        json.WriteNumber("total_tokens"u8, usage.Total);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CachedInput);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        json.WriteEndObject();
        json.WriteNumber("cache_creation_input_tokens"u8, usage.CacheWrite + usage.CacheWriteHour);
        json.WriteNumber("cache_read_input_tokens"u8, usage.CachedInput);
        json.WriteEndObject();
    }

    /// <summary>Why an answer stops, in OpenAI's words.</summary>
    public static ReadOnlySpan<byte> FinishOf(JsonElement stopReason) => stopReason.Text switch
    {
        "tool_use" => "tool_calls"u8,
        "max_tokens" or "model_context_window_exceeded" => "length"u8,
        "refusal" => "content_filter"u8,
        _ => "stop"u8,
    };
}
