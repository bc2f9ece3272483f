using System.Text.Json;
using Proxy.Management.Spend;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>A response as an object, whole or under way.</summary>
internal static class ResponseBody
{
    /// <param name="finish">Why the chat completion stopped; null while it is under way.</param>
    public static void Write(Utf8JsonWriter json, string id, string model, TranslatedCall call, IReadOnlyList<ResponseItem> items, string? finish, TokenUsage? usage)
    {
        var reason = finish switch { "length" => "max_output_tokens", "content_filter" => "content_filter", _ => null };
        json.WriteString("id"u8, id);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, call.StartedAt.ToUnixTimeSeconds());
        json.WriteString("status"u8, finish is null ? "in_progress"u8 : reason is null ? "completed"u8 : "incomplete"u8);
        json.WriteNull("error"u8);
        if (reason is null)
        {
            json.WriteNull("incomplete_details"u8);
        }
        else
        {
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        }

        json.WriteNull("instructions"u8);
        json.WriteString("model"u8, model);
        json.WriteStartArray("output"u8);
        foreach (var item in items)
        {
            json.WriteStartObject();
            item.Write(json, isDone: true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("parallel_tool_calls"u8, value: true);
        json.WriteString("tool_choice"u8, "auto"u8);
        json.WriteStartArray("tools"u8);
        json.WriteEndArray();
        if (usage is { } known) WriteUsage(json, known);
        else json.WriteNull("usage"u8);
        json.WriteStartObject("metadata"u8);
        json.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter json, in TokenUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, usage.TotalInput);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CachedInput);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, usage.TotalOutput);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, usage.Total);
        json.WriteEndObject();
    }
}
