using System.Text.Json;
using Proxy.Host.Requests;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>A chat request's fields, one after the other, as a Messages request's.</summary>
internal static class ChatRequest
{
    /// <summary>For models whose own bound is not known; Messages requests must state one.</summary>
    private const long UsualMaxTokens = 4096;

    public static void Write(JsonElement asked, Utf8JsonWriter json, TranslatedCall call)
    {
        var losses = call.Losses;
        var maxTokens = (long?)asked.Get("max_completion_tokens"u8).Number ?? (long?)asked.Get("max_tokens"u8).Number ?? call.MaxOutputTokens ?? UsualMaxTokens;

        json.WriteStartObject();
        json.WriteString("model"u8, call.UpstreamModel);
        json.WriteNumber("max_tokens"u8, maxTokens);
        ChatMessages.Write(asked.Get("messages"u8), json, losses);
        ChatTools.Write(asked, json, losses);
        ChatReasoning.Write(asked, maxTokens, json, losses);
        WriteUser(asked, json);
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
            // Written already, or about the answer's form, which is made here; metadata that is the provider's came with the user.
            case "model" or "messages" or "max_tokens" or "max_completion_tokens" or "stream_options" or "user" or "safety_identifier" or "metadata":
            case "tools" or "tool_choice" or "parallel_tool_calls" or "reasoning_effort" or "response_format" or "thinking" or "output_config":
                break;

            case "temperature" when value.Number > 1:
                losses.Parameter("temperature above 1");
                break;

            case "stop":
                WriteStop(value, json);
                break;

            case "service_tier":
                WriteTier(value, json, losses);
                break;

            // They ask for what happens anyway.
            case "n" when value.Number == 1:
            case "store" or "logprobs" when !value.IsTrue:
            case "frequency_penalty" or "presence_penalty" or "top_logprobs" when value.Number == 0:
            case "logit_bias" or "functions" when value.IsEmpty:
            case "modalities" when value.IsList && value.Entries.All(entry => entry.Is("text"u8)):
                break;

            case "n" or "store" or "logprobs" or "frequency_penalty" or "presence_penalty" or "top_logprobs" or "logit_bias" or "functions" or "modalities":
            case "seed" or "audio" or "prediction" or "web_search_options" or "verbosity" or "function_call":
            case "mcp_servers" or "container":
                losses.Parameter(name);
                break;

            // Where to look for a cache, which is no part of what is asked.
            case "prompt_cache_key" or "prompt_cache_retention":
                losses.Omit(name);
                break;

            default:
                // The provider may know it, as it does top_k and stream; if not, it says so itself.
                if (!FieldKinds.IsGateways(name)) json.WriteCopy(System.Text.Encoding.UTF8.GetBytes(name), value);
                break;
        }
    }

    /// <summary>Who uses the application that calls. Where the metadata is in the provider's own form already, it stays.</summary>
    private static void WriteUser(JsonElement asked, Utf8JsonWriter json)
    {
        var user = asked.Get("metadata"u8).Get("user_id"u8);
        if (!user.IsText) user = asked.Get("user"u8);
        if (!user.IsText) user = asked.Get("safety_identifier"u8);
        if (!user.IsText) return;

        json.WriteStartObject("metadata"u8);
        json.WriteCopy("user_id"u8, user);
        json.WriteEndObject();
    }

    private static void WriteStop(JsonElement stop, Utf8JsonWriter json)
    {
        if (stop.IsList)
        {
            json.WriteCopy("stop_sequences"u8, stop);
            return;
        }

        json.WriteStartArray("stop_sequences"u8);
        json.WriteCopy(stop);
        json.WriteEndArray();
    }

    private static void WriteTier(JsonElement tier, Utf8JsonWriter json, Losses losses)
    {
        if (tier.Is("auto"u8)) json.WriteString("service_tier"u8, "auto"u8);
        else if (tier.Is("default"u8)) json.WriteString("service_tier"u8, "standard_only"u8);
        else losses.Parameter("service_tier");
    }
}
