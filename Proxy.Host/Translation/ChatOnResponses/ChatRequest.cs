using System.Text.Json;
using Proxy.Host.Requests;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.ChatOnResponses;

/// <summary>A chat request, field by field, as a response's.</summary>
internal static class ChatRequest
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, TranslatedCall call)
    {
        var losses = call.Losses;
        json.WriteStartObject();
        json.WriteString("model"u8, call.UpstreamModel);
        ChatItems.Write(asked.Get("messages"u8), json, losses);
        ChatTools.Write(asked, json, losses);
        WriteReasoning(asked.Get("reasoning"u8), asked.Get("reasoning_effort"u8), json);
        WriteText(asked.Get("response_format"u8), asked.Get("verbosity"u8), json, losses);
        if ((asked.Get("max_completion_tokens"u8) is { IsNothing: false } most ? most : asked.Get("max_tokens"u8)) is { IsNothing: false } bound) json.WriteCopy("max_output_tokens"u8, bound);

        // Chat completions are kept when that is asked for, responses unless it is not.
        json.WriteBoolean("store"u8, call.Request.IsStored);
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
            // Written already, or about the answer's form, which is made here.
            case "model" or "messages" or "max_tokens" or "max_completion_tokens" or "stream_options" or "store":
            case "tools" or "tool_choice" or "reasoning" or "reasoning_effort" or "response_format" or "verbosity":
                break;

            // They ask for what happens anyway.
            case "n" when value.Number == 1:
            case "logprobs" when !value.IsTrue:
            case "frequency_penalty" or "presence_penalty" or "top_logprobs" when value.Number == 0:
            case "logit_bias" or "functions" or "stop" when value.IsEmpty:
            case "modalities" when value.IsList && value.Entries.All(entry => entry.Is("text"u8)):
                break;

            case "n" or "logprobs" or "frequency_penalty" or "presence_penalty" or "top_logprobs" or "logit_bias" or "functions" or "modalities":
            case "stop" or "seed" or "audio" or "prediction" or "web_search_options" or "function_call":

            // They would have the answer come later, or stand for a part of what is asked that is kept elsewhere.
            case "background" or "previous_response_id" or "conversation" or "prompt" or "context_management":
                losses.Parameter(name);
                break;

            // The provider takes it for what it keeps.
            case "metadata" when !call.Request.IsStored:
                break;

            default:
                // The rest has the same name in both, or the provider says that it does not know it.
                if (!FieldKinds.IsGateways(name)) json.WriteCopy(System.Text.Encoding.UTF8.GetBytes(name), value);
                break;
        }
    }

    /// <summary>A client that knows the provider may say it in the provider's own words, a wish for a summary among them.</summary>
    private static void WriteReasoning(JsonElement own, JsonElement effort, Utf8JsonWriter json)
    {
        if (own.IsObject)
        {
            json.WriteCopy("reasoning"u8, own);
            effort = own.Get("effort"u8);
        }
        else if (effort.IsText)
        {
            json.WriteStartObject("reasoning"u8);
            json.WriteCopy("effort"u8, effort);
            json.WriteEndObject();
        }

        if ((own.IsObject || effort.IsText) && !effort.Is("none"u8)) ResponseInput.WriteInclude(json);
    }

    private static void WriteText(JsonElement format, JsonElement verbosity, Utf8JsonWriter json, Losses losses)
    {
        if (format.IsNothing && verbosity.IsNothing) return;

        json.WriteStartObject("text"u8);
        json.WriteCopyIfAny("verbosity"u8, verbosity);
        if (format.IsObject)
        {
            json.WriteStartObject("format"u8);
            json.WriteCopyIfAny("type"u8, format.Get("type"u8));
            if (format.Get("json_schema"u8) is { IsObject: true } schema)
            {
                // What is named in an object of its own there stands flat here.
                foreach (var property in schema.EnumerateObject()) json.WriteCopyIfAny(System.Text.Encoding.UTF8.GetBytes(property.Name), property.Value);
            }

            json.WriteEndObject();
            losses.Rest(format, "response_format", "type", "json_schema");
        }

        json.WriteEndObject();
    }
}
