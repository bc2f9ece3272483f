using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.MessagesOnChat;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.MessagesOnResponses;

/// <summary>A whole response as a message, item by item in their order.</summary>
internal static class ResponseAnswer
{
    public static void Write(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest)
    {
        var output = answer.Get("output"u8);
        if (!output.IsList) throw new JsonException("A response without output.");

        json.WriteStartObject();
        json.WriteCopyIfAny("id"u8, answer.Get("id"u8));
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteCopyIfAny("model"u8, answer.Get("model"u8));
        json.WriteStartArray("content"u8);
        var (hasCalls, isRefusal) = (false, false);
        foreach (var item in output.EnumerateArray())
        {
            var type = item.Get("type"u8);
            if (type.Is("message"u8)) isRefusal |= WriteWords(item.Get("content"u8), json);
            else if (type.Is("reasoning"u8)) SealedReasoning.WriteBlock(item, json);
            else if (type.Is("function_call"u8)) WriteCall(item, json);
            hasCalls |= type.Is("function_call"u8);
        }

        json.WriteEndArray();
        call.Losses.Unknown(output, "message", "reasoning", "function_call");
        json.WriteString("stop_reason"u8, MessageUsage.StopOf(ResponseInput.FinishOf(answer), hasCalls, isRefusal));
        json.WriteNull("stop_sequence"u8);
        MessageUsage.Write(json, digest.Usage ?? default);
        json.WriteEndObject();
    }

    /// <returns>Whether the model refuses.</returns>
    private static bool WriteWords(JsonElement parts, Utf8JsonWriter json)
    {
        var isRefusal = false;
        foreach (var part in parts.Entries)
        {
            var refusal = part.Get("refusal"u8);
            isRefusal |= refusal.HasText;
            if ((refusal.HasText ? refusal : part.Get("text"u8)) is not { HasText: true } text) continue;

            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteCopy("text"u8, text);
            json.WriteEndObject();
        }

        return isRefusal;
    }

    private static void WriteCall(JsonElement item, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_use"u8);
        json.WriteCopyIfAny("id"u8, item.Get("call_id"u8));
        json.WriteCopyIfAny("name"u8, item.Get("name"u8));
        json.WritePropertyName("input"u8);
        ToolInput.Write(item.Get("arguments"u8), json);
        json.WriteEndObject();
    }
}
