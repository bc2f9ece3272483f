using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>The chunks of a chat completion as the events of a response: one item is open at a time, and the last event holds them all.</summary>
internal sealed class ResponseStream(TranslatedCall call, AnswerDigest digest) : EventTranslator
{
    /// <summary>What the last event can hold of text; more breaks the stream, since a response must be whole.</summary>
    private const int MaxText = 4 * 1024 * 1024;

    private readonly List<ResponseItem> _items = [];
    private readonly Dictionary<int, ResponseItem> _calls = [];
    private ResponseItem? _open;
    private string _id = "";
    private string _model = call.UpstreamModel;
    private string? _finish;
    private long _length;

    public override void Dispose()
    {
        foreach (var item in _items) item.Dispose();
        base.Dispose();
    }

    protected override void Read(JsonElement data)
    {
        var choice = data.Get("choices"u8) is { IsEmpty: false } choices ? choices[0] : default;
        if (!choice.IsObject) return;

        Start(data);
        _finish = choice.Get("finish_reason"u8).Text ?? _finish;
        var delta = choice.Get("delta"u8);
        ReadText(ItemKind.Reasoning, delta.Get("reasoning_content"u8) is { HasText: true } own ? own : delta.Get("reasoning"u8));
        ReadText(ItemKind.Message, delta.Get("content"u8));
        ReadText(ItemKind.Refusal, delta.Get("refusal"u8));
        foreach (var piece in delta.Get("tool_calls"u8).Entries) ReadCall(piece);
    }

    protected override void WriteEnd()
    {
        Start(default);
        Close();
        SendResponse(_finish is "length" or "content_filter" ? "response.incomplete"u8 : "response.completed"u8, _finish ?? "stop");
    }

    private void Start(JsonElement data)
    {
        if (_id.Length > 0) return;

        _id = $"resp_{data.Get("id"u8).Text ?? "1"}";
        _model = data.Get("model"u8).Text ?? _model;
        SendResponse("response.created"u8, finish: null);
        SendResponse("response.in_progress"u8, finish: null);
    }

    private void ReadText(ItemKind kind, JsonElement text)
    {
        if (!text.HasText) return;

        if (_open?.Kind != kind) Open(new ResponseItem(kind, _items.Count, _id));
        SendPiece(text);
    }

    private void ReadCall(JsonElement piece)
    {
        var index = (int)(piece.Get("index"u8).Number ?? 0);
        var function = piece.Get("function"u8);
        var id = piece.Get("id"u8) is { HasText: true } given ? given.Text : null;

        // Some servers give all calls the same index and tell them apart by their ids.
        if (!_calls.TryGetValue(index, out var item) || (id is not null && id != item.CallId && function.Get("name"u8).HasText))
            Open(_calls[index] = item = new ResponseItem(ItemKind.Call, _items.Count, _id) { CallId = id ?? ToolInput.NewCallId(), Name = function.Get("name"u8).Text });

        if (function.Get("arguments"u8) is not { HasText: true } arguments) return;
        if (item != _open) throw new JsonException("A piece of a call that is over.");

        SendPiece(arguments);
    }

    private void Open(ResponseItem item)
    {
        Close();
        _open = item;
        _items.Add(item);
        SendItem("response.output_item.added"u8, isDone: false);
        if (item.Kind != ItemKind.Call) SendPart(item.Kind == ItemKind.Reasoning ? "response.reasoning_summary_part.added"u8 : "response.content_part.added"u8, isDone: false);
    }

    private void Close()
    {
        if (_open is not { } item) return;

        BeginEvent(EventOf(item.Kind, isDone: true));
        WritePlace(item);
        if (item.Kind == ItemKind.Call) Json.WriteString("name"u8, item.Name);
        item.WriteText(item.Kind switch { ItemKind.Call => "arguments"u8, ItemKind.Refusal => "refusal"u8, _ => "text"u8 }, Json);
        Send();
        if (item.Kind != ItemKind.Call) SendPart(item.Kind == ItemKind.Reasoning ? "response.reasoning_summary_part.done"u8 : "response.content_part.done"u8, isDone: true);
        SendItem("response.output_item.done"u8, isDone: true);
        _open = null;
    }

    private void SendPiece(JsonElement text)
    {
        _length += text.Raw.Length;
        if (_length > MaxText) throw new JsonException("A response that is too long to be told whole.");

        var item = _open!;
        item.Append(text);
        BeginEvent(EventOf(item.Kind, isDone: false));
        WritePlace(item);
        Json.WriteCopy("delta"u8, text);
        Send();
    }

    private void SendItem(ReadOnlySpan<byte> type, bool isDone)
    {
        BeginEvent(type);
        Json.WriteNumber("output_index"u8, _open!.Index);
        Json.WriteStartObject("item"u8);
        _open.Write(Json, isDone);
        Json.WriteEndObject();
        Send();
    }

    private void SendPart(ReadOnlySpan<byte> type, bool isDone)
    {
        BeginEvent(type);
        WritePlace(_open!);
        Json.WriteStartObject("part"u8);
        _open!.WritePart(Json, isDone);
        Json.WriteEndObject();
        Send();
    }

    private void SendResponse(ReadOnlySpan<byte> type, string? finish)
    {
        BeginEvent(type);
        Json.WriteStartObject("response"u8);
        ResponseBody.Write(Json, _id, _model, call, finish is null ? [] : _items, finish, finish is null ? null : digest.Usage);
        Json.WriteEndObject();
        Send();
    }

    private void WritePlace(ResponseItem item)
    {
        Json.WriteString("item_id"u8, item.Id);
        Json.WriteNumber("output_index"u8, item.Index);
        if (item.Kind != ItemKind.Call) Json.WriteNumber(item.Kind == ItemKind.Reasoning ? "summary_index"u8 : "content_index"u8, 0);
    }

    private void BeginEvent(ReadOnlySpan<byte> type)
    {
        Write("event: "u8);
        Write(type);
        Begin("\ndata: "u8);
        Json.WriteString("type"u8, type);
        Json.WriteNumber("sequence_number"u8, ++digest.LastEvent);
    }

    private static ReadOnlySpan<byte> EventOf(ItemKind kind, bool isDone) => (kind, isDone) switch
    {
        (ItemKind.Reasoning, false) => "response.reasoning_summary_text.delta"u8,
        (ItemKind.Reasoning, true) => "response.reasoning_summary_text.done"u8,
        (ItemKind.Refusal, false) => "response.refusal.delta"u8,
        (ItemKind.Refusal, true) => "response.refusal.done"u8,
        (ItemKind.Call, false) => "response.function_call_arguments.delta"u8,
        (ItemKind.Call, true) => "response.function_call_arguments.done"u8,
        (_, false) => "response.output_text.delta"u8,
        _ => "response.output_text.done"u8,
    };
}
