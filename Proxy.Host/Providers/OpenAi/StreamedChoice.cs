using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>One choice of a streamed answer as it grows.</summary>
internal sealed class StreamedChoice(int index, AnswerDigest digest) : IDisposable
{
    private const int MaxToolCalls = 128;

    private readonly Utf8Text _content = new(digest);
    private readonly Utf8Text _reasoning = new(digest);
    private readonly Utf8Text _refusal = new(digest);
    private readonly List<StreamedToolCall> _toolCalls = [];
    private bool _isText;

    /// <summary>What tool calls were called before they were several.</summary>
    private StreamedToolCall? _functionCall;

    public int Index => index;

    public string? FinishReason { get; set; }

    public long TotalBytes => _content.Total + _reasoning.Total + _refusal.Total + _toolCalls.Sum(call => call.Arguments.Total)
        + (_functionCall?.Arguments.Total ?? 0);

    /// <summary>The <c>index</c> of the object that the reader stands on; 0 when it has none.</summary>
    public static int IndexOf(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIndex = reader.ValueTextEquals("index"u8);
            reader.Read();
            if (isIndex && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var index)) return index;
            reader.Skip();
        }

        return 0;
    }

    /// <summary>A piece of a text completion.</summary>
    public void ReadText(ref Utf8JsonReader reader)
    {
        _isText = true;
        JsonPiece.Append(_content, ref reader);
    }

    public void ReadDelta(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8)) JsonPiece.Append(_content, ref reader);
            else if (reader.ValueTextEquals("tool_calls"u8)) ReadToolCalls(ref reader);
            else if (reader.ValueTextEquals("function_call"u8)) (_functionCall ??= new StreamedToolCall(0, digest)).ReadFunction(ref reader);
            else if (reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8)) JsonPiece.Append(_reasoning, ref reader);
            else if (reader.ValueTextEquals("refusal"u8)) JsonPiece.Append(_refusal, ref reader);
            else ProviderJson.Next(ref reader);
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        if (_isText)
        {
            JsonPiece.Write(json, _content);
            return;
        }

        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        json.WritePropertyName("content"u8);
        if (_content.IsEmpty) json.WriteNullValue();
        else JsonPiece.Write(json, _content);
        WriteText(json, "reasoning_content"u8, _reasoning);
        WriteText(json, "refusal"u8, _refusal);
        if (_toolCalls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (var call in _toolCalls) call.Write(json);
            json.WriteEndArray();
        }

        if (_functionCall is not null)
        {
            json.WritePropertyName("function_call"u8);
            _functionCall.WriteFunction(json);
        }

        if (FinishReason is not null) json.WriteString("finish_reason"u8, FinishReason);
        json.WriteEndObject();
    }

    public void Dispose()
    {
        _content.Dispose();
        _reasoning.Dispose();
        _refusal.Dispose();
        _functionCall?.Arguments.Dispose();
        foreach (var call in _toolCalls) call.Arguments.Dispose();
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, Utf8Text text)
    {
        if (text.IsEmpty) return;
        json.WritePropertyName(name);
        JsonPiece.Write(json, text);
    }

    private void ReadToolCalls(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var callIndex = IndexOf(reader);
            var call = _toolCalls.Find(known => known.Index == callIndex);
            if (call is null)
            {
                call = new StreamedToolCall(callIndex, digest);
                if (_toolCalls.Count < MaxToolCalls) _toolCalls.Add(call);
            }

            call.Read(ref reader);
        }
    }
}
