using System.Text.Json;
using Proxy.Host.Requests;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>A response's request, field by field, as a chat request.</summary>
internal static class ResponseRequest
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, TranslatedCall call)
    {
        var losses = call.Losses;
        json.WriteStartObject();
        json.WriteString("model"u8, call.UpstreamModel);
        ResponseItems.Write(asked, json, losses);
        ResponseTools.Write(asked, json, losses);
        WriteText(asked.Get("text"u8), json, losses);
        if (asked.Get("reasoning"u8).Get("effort"u8) is { IsText: true } effort) json.WriteCopy("reasoning_effort"u8, effort);
        if (call.Request.IsStream && call.Deployment.AsksForStreamUsage)
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
            // Written already, or about how the answer is kept and told, which chat completions do in their one way.
            case "model" or "input" or "instructions" or "tools" or "tool_choice" or "text" or "reasoning" or "stream_options" or "metadata":
            case "truncation" when value.Is("disabled"u8):
            case "background" or "store" when !value.IsTrue:
            case "top_logprobs" when value.Number == 0:
            case "parallel_tool_calls" when value.IsTrue:
                break;

            case "max_output_tokens":
                json.WriteCopy(call.Deployment.TakesOnlyOwnFields ? "max_completion_tokens"u8 : "max_tokens"u8, value);
                break;

            // What the provider does not keep, the client cannot be given to keep.
            case "include":
                losses.Omit("include");
                break;

            // They stand for a part of what is asked, which another server keeps.
            case "previous_response_id" or "conversation" or "prompt":
                losses.Content(name, "What is kept elsewhere");
                break;

            case "truncation" or "background" or "store" or "top_logprobs" or "max_tool_calls":
                losses.Parameter(name);
                break;

            default:
                // The rest has the same name in both, or the provider says that it does not know it.
                if (!FieldKinds.IsGateways(name)) json.WriteCopy(System.Text.Encoding.UTF8.GetBytes(name), value);
                break;
        }
    }

    private static void WriteText(JsonElement text, Utf8JsonWriter json, Losses losses)
    {
        if (!text.IsObject) return;

        json.WriteCopyIfAny("verbosity"u8, text.Get("verbosity"u8));
        losses.Rest(text, "text", "format", "verbosity");
        var format = text.Get("format"u8);
        if (!format.IsObject || format.Get("type"u8).Is("text"u8)) return;

        json.WriteStartObject("response_format"u8);
        json.WriteCopyIfAny("type"u8, format.Get("type"u8));
        if (format.Get("type"u8).Is("json_schema"u8))
        {
            json.WriteStartObject("json_schema"u8);
            json.WriteCopyIfAny("name"u8, format.Get("name"u8));
            json.WriteCopyIfAny("description"u8, format.Get("description"u8));
            json.WriteCopyIfAny("strict"u8, format.Get("strict"u8));
            json.WriteCopyIfAny("schema"u8, format.Get("schema"u8));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
