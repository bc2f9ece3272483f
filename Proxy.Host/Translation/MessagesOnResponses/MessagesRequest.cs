using System.Text.Json;
using Proxy.Host.Requests;
using Proxy.Host.Translation.MessagesOnChat;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.MessagesOnResponses;

/// <summary>A Messages request, field by field, as a response's.</summary>
internal static class MessagesRequest
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, TranslatedCall call)
    {
        var losses = call.Losses;
        json.WriteStartObject();
        json.WriteString("model"u8, call.UpstreamModel);
        MessagesItems.Write(asked, json, losses);
        MessagesTools.Write(asked, json, losses);
        WriteReasoning(asked.Get("thinking"u8), asked.Get("output_config"u8).Get("effort"u8), json);
        WriteFormat(asked.Get("output_config"u8), asked.Get("output_format"u8), json, losses);

        // Messages are not kept, responses unless that is said.
        json.WriteBoolean("store"u8, value: false);
        foreach (var property in asked.EnumerateObject())
        {
            if (!property.Value.IsNothing) WriteField(property.Name, property.Value, json, losses);
        }

        json.WriteEndObject();
    }

    private static void WriteField(string name, JsonElement value, Utf8JsonWriter json, Losses losses)
    {
        switch (name)
        {
            // Written already. What the client wants cached is cached by these providers anyway.
            case "model" or "messages" or "system" or "tools" or "tool_choice" or "thinking" or "output_config" or "output_format" or "stream_options" or "store" or "cache_control":
            case "stop_sequences" when value.IsEmpty:
                break;

            case "max_tokens":
                json.WriteCopy("max_output_tokens"u8, value);
                break;

            case "metadata":
                MessagesFields.WriteUser(value.Get("user_id"u8), json);
                break;

            case "service_tier":
                MessagesFields.WriteTier(value, json, losses);
                break;

            case "context_management":
                MessagesFields.CheckContext(value, losses);
                break;

            // The first of them would have the answer come later, or stand for a part of what is asked that is kept elsewhere.
            case "background" or "previous_response_id" or "conversation" or "prompt":
            case "stop_sequences" or "top_k" or "container" or "mcp_servers" or "inference_geo" or "speed":
                losses.Parameter(name);
                break;

            default:
                // The provider may know it; if not, it says so itself.
                if (!FieldKinds.IsGateways(name)) json.WriteCopy(System.Text.Encoding.UTF8.GetBytes(name), value);
                break;
        }
    }

    /// <summary>Who wants thinking wants to see it, and gets what these providers tell of it.</summary>
    private static void WriteReasoning(JsonElement thinking, JsonElement effort, Utf8JsonWriter json)
    {
        var isThinking = thinking.Get("type"u8) is var type && (type.Is("enabled"u8) || type.Is("adaptive"u8));
        if (!isThinking && !effort.IsText) return;

        json.WriteStartObject("reasoning"u8);
        if (effort.IsText) json.WriteString("effort"u8, effort.Is("max"u8) ? "xhigh"u8 : effort.Utf8);
        else if (thinking.Get("budget_tokens"u8).Number is { } budget) json.WriteString("effort"u8, ReasoningBudget.EffortOf((long)budget));
        if (isThinking && !thinking.Get("display"u8).Is("omitted"u8)) json.WriteString("summary"u8, "auto"u8);
        json.WriteEndObject();
        ResponseInput.WriteInclude(json);
    }

    private static void WriteFormat(JsonElement output, JsonElement older, Utf8JsonWriter json, Losses losses)
    {
        if (output.IsObject) losses.Rest(output, "output_config", "effort", "format");
        if ((output.Get("format"u8) is { IsObject: true } own ? own : older) is not { IsObject: true } format) return;

        json.WriteStartObject("text"u8);
        json.WriteStartObject("format"u8);
        json.WriteString("type"u8, "json_schema"u8);
        json.WriteString("name"u8, "answer"u8);
        json.WriteBoolean("strict"u8, value: true);
        json.WriteCopyIfAny("schema"u8, format.Get("schema"u8));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
