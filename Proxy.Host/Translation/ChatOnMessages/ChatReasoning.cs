using System.Text.Json;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>How a chat request wants the answer thought over and formed.</summary>
internal static class ChatReasoning
{
    /// <summary>The least that the provider takes, and what is left for the answer where the bound is tight.</summary>
    private const long LeastBudget = 1024;

    public static void Write(JsonElement asked, long maxTokens, Utf8JsonWriter json, Losses losses)
    {
        // A client that knows the provider may say it in the provider's own words.
        var own = asked.Get("thinking"u8);
        if (own.IsObject) json.WriteCopy("thinking"u8, own);
        else WriteEffort(asked.Get("reasoning_effort"u8), maxTokens, json, losses);

        WriteFormat(asked.Get("response_format"u8), asked.Get("output_config"u8), json, losses);
    }

    private static void WriteEffort(JsonElement effort, long maxTokens, Utf8JsonWriter json, Losses losses)
    {
        if (effort.IsNothing || effort.Is("none"u8)) return;

        var budget = Math.Min(ReasoningBudget.Of(effort.Text), maxTokens - LeastBudget);
        if (budget < LeastBudget)
        {
            losses.Parameter($"reasoning_effort within {maxTokens} tokens");
            return;
        }

        json.WriteStartObject("thinking"u8);
        json.WriteString("type"u8, "enabled"u8);
        json.WriteNumber("budget_tokens"u8, budget);
        json.WriteEndObject();
    }

    private static void WriteFormat(JsonElement format, JsonElement own, Utf8JsonWriter json, Losses losses)
    {
        var schema = format.Get("json_schema"u8).Get("schema"u8);
        if (format.Is("text"u8) || format.Get("type"u8).Is("text"u8) || format.IsNothing) schema = default;
        else if (!format.Get("type"u8).Is("json_schema"u8) || !schema.IsObject) losses.Parameter("response_format");

        if (!schema.IsObject)
        {
            json.WriteCopyIfAny("output_config"u8, own);
            return;
        }

        json.WriteStartObject("output_config"u8);
        json.WriteCopyIfAny("effort"u8, own.Get("effort"u8));
        json.WriteStartObject("format"u8);
        json.WriteString("type"u8, "json_schema"u8);
        json.WriteCopy("schema"u8, schema);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
