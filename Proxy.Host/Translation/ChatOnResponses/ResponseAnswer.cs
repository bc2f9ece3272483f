using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.ChatOnMessages;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.ChatOnResponses;

/// <summary>A whole response as a chat completion.</summary>
internal static class ResponseAnswer
{
    public static void Write(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest)
    {
        var output = answer.Get("output"u8);
        if (!output.IsList) throw new JsonException("A response without output.");

        json.WriteStartObject();
        json.WriteCopyIfAny("id"u8, answer.Get("id"u8));
        json.WriteString("object"u8, "chat.completion"u8);
        json.WriteNumber("created"u8, call.StartedAt.ToUnixTimeSeconds());
        json.WriteCopyIfAny("model"u8, answer.Get("model"u8));
        json.WriteStartArray("choices"u8);
        json.WriteStartObject();
        json.WriteNumber("index"u8, 0);
        var hasCalls = WriteMessage(output, json);
        call.Losses.Unknown(output, "message", "reasoning", "function_call");
        json.WriteNull("logprobs"u8);
        json.WriteString("finish_reason"u8, ResponseInput.FinishOf(answer) ?? (hasCalls ? "tool_calls" : "stop"));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteCopyIfAny("service_tier"u8, answer.Get("service_tier"u8));
        if (digest.Usage is { } usage) ChatUsage.Write(json, usage);
        json.WriteEndObject();
    }

    /// <returns>Whether tools are called.</returns>
    private static bool WriteMessage(JsonElement output, Utf8JsonWriter json)
    {
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        WriteWords("content"u8, output, "output_text"u8, "text"u8, json);
        WriteWords("refusal"u8, output, "refusal"u8, "refusal"u8, json);
        WriteThinking(output, json);
        var count = 0;
        foreach (var item in output.EnumerateArray())
        {
            if (!item.Get("type"u8).Is("function_call"u8)) continue;

            if (count++ == 0) json.WriteStartArray("tool_calls"u8);
            WriteCall(item, json);
        }

        if (count > 0) json.WriteEndArray();
        json.WriteEndObject();
        return count > 0;
    }

    private static void WriteWords(ReadOnlySpan<byte> name, JsonElement output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> field, Utf8JsonWriter json)
    {
        using var words = new JoinedText();
        foreach (var item in output.EnumerateArray())
        {
            if (!item.Get("type"u8).Is("message"u8)) continue;

            foreach (var part in item.Get("content"u8).Entries)
            {
                if (part.Get("type"u8).Is(type)) words.Append(part.Get(field));
            }
        }

        if (words.IsEmpty) json.WriteNull(name);
        else words.Write(name, json);
    }

    private static void WriteThinking(JsonElement output, Utf8JsonWriter json)
    {
        var thoughts = output.EnumerateArray().Where(item => item.Get("type"u8).Is("reasoning"u8)).ToArray();
        if (thoughts.Length == 0) return;

        using var told = SealedReasoning.Words(thoughts);
        if (!told.IsEmpty) told.Write("reasoning_content"u8, json);
        json.WriteStartArray("thinking_blocks"u8);
        foreach (var thought in thoughts) SealedReasoning.WriteBlock(thought, json);
        json.WriteEndArray();
    }

    private static void WriteCall(JsonElement item, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteCopyIfAny("id"u8, item.Get("call_id"u8));
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteCopyIfAny("name"u8, item.Get("name"u8));
        json.WriteCopyIfAny("arguments"u8, item.Get("arguments"u8));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
