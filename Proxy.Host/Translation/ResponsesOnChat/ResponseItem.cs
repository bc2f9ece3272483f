using System.Buffers;
using System.Text.Json;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>What kind of item a response puts out.</summary>
internal enum ItemKind
{
    Reasoning,
    Message,
    Refusal,
    Call,
}

/// <summary>One item of a response as it grows; its text is a JSON string's inside, escapes and all.</summary>
internal sealed class ResponseItem(ItemKind kind, int index, string responseId) : IDisposable
{
    private readonly PooledBytes _text = new(256);

    public ItemKind Kind => kind;

    public int Index => index;

    public string Id { get; } = $"{(kind switch { ItemKind.Reasoning => "rs", ItemKind.Call => "fc", _ => "msg" })}_{responseId}_{index}";

    /// <summary>The call's id and its function; null for what is no call.</summary>
    public string? CallId { get; init; }

    public string? Name { get; init; }

    public int Length => _text.Written.Length;

    /// <summary>Takes a string's JSON.</summary>
    public void Append(JsonElement text) => _text.Write(text.Raw[1..^1]);

    public void WriteText(ReadOnlySpan<byte> name, Utf8JsonWriter json)
    {
        json.WritePropertyName(name);
        using var quoted = new PooledBytes(_text.Written.Length + 2);
        quoted.Write("\""u8);
        quoted.Write(_text.Written.Span);
        quoted.Write("\""u8);
        json.WriteRawValue(quoted.Written.Span, skipInputValidation: true);
    }

    /// <summary>The item as an object; without its text while it is under way.</summary>
    public void Write(Utf8JsonWriter json, bool isDone)
    {
        json.WriteString("type"u8, kind switch { ItemKind.Reasoning => "reasoning"u8, ItemKind.Call => "function_call"u8, _ => "message"u8 });
        json.WriteString("id"u8, Id);
        if (kind != ItemKind.Reasoning) json.WriteString("status"u8, isDone ? "completed"u8 : "in_progress"u8);
        if (kind == ItemKind.Call)
        {
            json.WriteString("call_id"u8, CallId);
            json.WriteString("name"u8, Name);
            if (isDone) WriteText("arguments"u8, json);
            else json.WriteString("arguments"u8, ""u8);
            return;
        }

        if (kind != ItemKind.Reasoning) json.WriteString("role"u8, "assistant"u8);
        json.WriteStartArray(kind == ItemKind.Reasoning ? "summary"u8 : "content"u8);
        if (isDone)
        {
            json.WriteStartObject();
            WritePart(json, isDone);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The one part that the item has.</summary>
    public void WritePart(Utf8JsonWriter json, bool isDone)
    {
        json.WriteString("type"u8, kind switch { ItemKind.Reasoning => "summary_text"u8, ItemKind.Refusal => "refusal"u8, _ => "output_text"u8 });
        var name = kind == ItemKind.Refusal ? "refusal"u8 : "text"u8;
        if (isDone) WriteText(name, json);
        else json.WriteString(name, ""u8);
        if (kind != ItemKind.Message) return;

        json.WriteStartArray("annotations"u8);
        json.WriteEndArray();
    }

    public void Dispose() => _text.Dispose();
}
