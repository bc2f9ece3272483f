using System.Text.Json;
using Proxy.Host.Requests;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>A Messages request's fields, one after the other, as a chat request's.</summary>
internal static class MessagesRequest
{
    /// <summary>OpenAI takes no more sequences to stop at.</summary>
    private const int MaxStops = 4;

    public static void Write(JsonElement asked, Utf8JsonWriter json, TranslatedCall call)
    {
        var losses = call.Losses;
        json.WriteStartObject();
        json.WriteString("model"u8, call.UpstreamModel);
        MessagesTurns.Write(asked, json, losses);
        MessagesTools.Write(asked, json, losses);
        MessagesReasoning.Write(asked, json, losses);
        if (call.Request.IsStream && (call.Deployment.AsksForStreamUsage || call.Request.WantsUsage))
        {
            json.WriteStartObject("stream_options"u8);
            json.WriteBoolean("include_usage"u8, value: true);
            json.WriteEndObject();
        }

        foreach (var property in asked.EnumerateObject())
        {
            if (!property.Value.IsNothing) WriteField(property.Name, property.Value, json, call);
        }

        json.WriteEndObject();
    }

    private static void WriteField(string name, JsonElement value, Utf8JsonWriter json, TranslatedCall call)
    {
        var losses = call.Losses;
        switch (name)
        {
            // Written already. What the client wants cached is cached by these providers anyway.
            case "model" or "messages" or "system" or "tools" or "tool_choice" or "thinking" or "output_config" or "output_format" or "stream_options" or "cache_control":
                break;

            case "max_tokens":
                // Models that reason take only the new name, other servers often only the old one.
                json.WriteCopy(call.Deployment.TakesOnlyOwnFields ? "max_completion_tokens"u8 : "max_tokens"u8, value);
                break;

            case "stop_sequences":
                if (value.IsList && value.GetArrayLength() > MaxStops) losses.Parameter($"stop_sequences beyond {MaxStops}");
                else if (!value.IsEmpty) json.WriteCopy("stop"u8, value);
                break;

            case "metadata":
                MessagesFields.WriteUser(value.Get("user_id"u8), json);
                break;

            case "service_tier":
                MessagesFields.WriteTier(value, json, losses);
                break;

            case "top_k" when call.Deployment.TakesOnlyOwnFields:
            case "container" or "mcp_servers" or "inference_geo" or "speed":
                losses.Parameter(name);
                break;

            case "context_management":
                MessagesFields.CheckContext(value, losses);
                break;

            default:
                // The provider may know it; if not, it says so itself.
                if (!FieldKinds.IsGateways(name)) json.WriteCopy(System.Text.Encoding.UTF8.GetBytes(name), value);
                break;
        }
    }
}
