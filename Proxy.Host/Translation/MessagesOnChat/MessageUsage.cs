using System.Text.Json;
using Proxy.Management.Spend;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>What a call used, in Anthropic's form, whose counts do not overlap; as it is billed.</summary>
internal static class MessageUsage
{
    public static void Write(Utf8JsonWriter json, in TokenUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, usage.FreshInput);
        json.WriteNumber("cache_creation_input_tokens"u8, usage.CacheWrite + usage.CacheWriteHour);
        json.WriteNumber("cache_read_input_tokens"u8, usage.CachedInput);
        json.WriteNumber("output_tokens"u8, usage.TotalOutput);
        json.WriteEndObject();
    }

    /// <summary>Why an answer stops, in Anthropic's words.</summary>
    /// <param name="hasCalls">Some servers call tools and say only that they stopped.</param>
    public static ReadOnlySpan<byte> StopOf(string? finish, bool hasCalls, bool isRefusal) => finish switch
    {
        "length" => "max_tokens"u8,
        "content_filter" => "refusal"u8,
        _ when isRefusal => "refusal"u8,
        "tool_calls" or "function_call" => "tool_use"u8,
        _ => hasCalls ? "tool_use"u8 : "end_turn"u8,
    };
}
