using System.Text;
using System.Text.Json;
using Proxy.Host.Requests;
using Proxy.Host.Translation.MessagesOnChat;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>A Messages request, field by field, as one of the Converse API. What is a model's own matter goes along as such.</summary>
internal static class MessagesRequest
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        MessagesTurns.Write(asked, json, losses);
        MessagesTools.Write(asked, json, losses);
        WriteInference(asked, json);
        WriteFormat(asked.Get("output_config"u8), asked.Get("output_format"u8), json, losses);
        if (asked.Get("service_tier"u8) is { IsNothing: false } tier) WriteTier(tier, json, losses);

        // Which of them ended the answer is told only to who asks.
        if (!asked.Get("stop_sequences"u8).IsEmpty)
        {
            json.WriteStartArray("additionalModelResponseFieldPaths"u8);
            json.WriteStringValue("/stop_sequence"u8);
            json.WriteEndArray();
        }

        WriteOwn(asked, json, losses);
        json.WriteEndObject();
    }

    private static void WriteInference(JsonElement asked, Utf8JsonWriter json)
    {
        json.WriteStartObject("inferenceConfig"u8);
        json.WriteCopyIfAny("maxTokens"u8, asked.Get("max_tokens"u8));
        json.WriteCopyIfAny("temperature"u8, asked.Get("temperature"u8));
        json.WriteCopyIfAny("topP"u8, asked.Get("top_p"u8));
        if (asked.Get("stop_sequences"u8) is { IsEmpty: false } stops) json.WriteCopy("stopSequences"u8, stops);
        json.WriteEndObject();
    }

    /// <summary>A schema is a text there.</summary>
    private static void WriteFormat(JsonElement output, JsonElement older, Utf8JsonWriter json, Losses losses)
    {
        if (output.IsObject) losses.Rest(output, "output_config", "effort", "format");
        if ((output.Get("format"u8) is { IsObject: true } own ? own : older).Get("schema"u8) is not { IsObject: true } schema) return;

        json.WriteStartObject("outputConfig"u8);
        json.WriteStartObject("textFormat"u8);
        json.WriteString("type"u8, "json_schema"u8);
        json.WriteStartObject("structure"u8);
        json.WriteStartObject("jsonSchema"u8);
        json.WriteString("schema"u8, schema.Raw);
        json.WriteString("name"u8, "answer"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTier(JsonElement tier, Utf8JsonWriter json, Losses losses)
    {
        if (tier.Is("auto"u8)) return;
        if (!tier.Is("standard_only"u8))
        {
            losses.Parameter("service_tier");
            return;
        }

        json.WriteStartObject("serviceTier"u8);
        json.WriteString("type"u8, "default"u8);
        json.WriteEndObject();
    }

    private static void WriteOwn(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject("additionalModelRequestFields"u8);
        if (asked.Get("output_config"u8).Get("effort"u8) is { IsText: true } effort)
        {
            json.WriteStartObject("output_config"u8);
            json.WriteCopy("effort"u8, effort);
            json.WriteEndObject();
        }

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
            // Written already; the path names the model, and whether it is a stream.
            case "model" or "stream" or "stream_options" or "messages" or "system" or "tools" or "tool_choice" or "max_tokens" or "temperature" or "top_p" or "stop_sequences":
            case "output_config" or "output_format" or "service_tier":
            case "store" when !value.IsTrue:
                break;

            // Who uses the application is told to nobody there.
            case "metadata" or "user":
                losses.Omit(name);
                break;

            case "context_management":
                MessagesFields.CheckContext(value, losses);
                break;

            case "cache_control" or "container" or "mcp_servers" or "inference_geo" or "speed" or "store":
                losses.Parameter(name);
                break;

            default:
                if (!FieldKinds.IsGateways(name)) json.WriteCopy(Encoding.UTF8.GetBytes(name), value);
                break;
        }
    }
}
