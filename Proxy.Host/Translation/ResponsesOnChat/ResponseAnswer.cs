using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>A whole chat completion as a response.</summary>
internal static class ResponseAnswer
{
    public static void Write(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest)
    {
        var choice = answer.Get("choices"u8) is { IsEmpty: false } choices ? choices[0] : default;
        var message = choice.Get("message"u8);
        if (!message.IsObject) throw new JsonException("A chat completion without a message.");

        var id = $"resp_{answer.Get("id"u8).Text}";
        var items = new List<ResponseItem>();
        try
        {
            Add(items, ItemKind.Reasoning, id, message.Get("reasoning_content"u8) is { HasText: true } own ? own : message.Get("reasoning"u8));
            Add(items, ItemKind.Message, id, message.Get("content"u8));
            Add(items, ItemKind.Refusal, id, message.Get("refusal"u8));
            foreach (var entry in message.Get("tool_calls"u8).Entries)
            {
                var function = entry.Get("function"u8);
                var item = new ResponseItem(ItemKind.Call, items.Count, id) { CallId = entry.Get("id"u8).Text ?? ToolInput.NewCallId(), Name = function.Get("name"u8).Text };
                items.Add(item);
                if (function.Get("arguments"u8).IsText) item.Append(function.Get("arguments"u8));
            }

            json.WriteStartObject();
            ResponseBody.Write(json, id, answer.Get("model"u8).Text ?? call.UpstreamModel, call, items, choice.Get("finish_reason"u8).Text ?? "stop", digest.Usage);
            json.WriteEndObject();
        }
        finally
        {
            foreach (var item in items) item.Dispose();
        }
    }

    private static void Add(List<ResponseItem> items, ItemKind kind, string id, JsonElement text)
    {
        if (!text.HasText) return;

        var item = new ResponseItem(kind, items.Count, id);
        item.Append(text);
        items.Add(item);
    }
}
