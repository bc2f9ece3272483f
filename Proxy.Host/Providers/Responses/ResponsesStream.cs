using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Responses;

/// <summary>Reads a streamed response: its words as they come, and the whole response of its last event.</summary>
internal sealed class ResponsesStream(AnswerDigest digest) : IEventReader
{
    private readonly Utf8Text _words = new(digest);
    private byte[]? _output;
    private long _number;

    /// <summary>The first event and the last hold the whole response, with instructions and tools; the last one ends the stream, so it must be read.</summary>
    public int MaxEvent => 4 * 1024 * 1024;

    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty || data.SequenceEqual("[DONE]"u8)) return EventKind.Passes;

        var reader = new Utf8JsonReader(data);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return EventKind.Broken;

            var kind = KindOf(reader);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) ReadField(data, ref reader, kind);

            if (reader.Read()) return EventKind.Broken;
            if (kind == Event.Error) digest.ErrorMessage ??= ProviderJson.UnnamedError;
            if (digest.ErrorMessage is not null) return EventKind.Error;
            digest.LastEvent = _number;
            return kind == Event.End ? EventKind.EndMark : EventKind.Passes;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return EventKind.Broken;
        }
    }

    public void Complete()
    {
        digest.OutputBytes += _words.Total;
        if (_output is not null)
        {
            digest.Output = _output;
            return;
        }

        if (_words.IsEmpty) return;

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true })) JsonPiece.Write(json, _words);
        digest.Output = buffer.WrittenMemory;
    }

    public void Dispose() => _words.Dispose();

    /// <summary>The <c>type</c> may stand behind what it speaks of, so it is found first, on a copy of the reader.</summary>
    private static Event KindOf(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            if (isType && reader.TokenType == JsonTokenType.String)
            {
                if (reader.ValueTextEquals("response.completed"u8) || reader.ValueTextEquals("response.incomplete"u8)) return Event.End;
                if (reader.ValueTextEquals("response.failed"u8) || reader.ValueTextEquals("error"u8)) return Event.Error;
                return IsPiece(reader) ? Event.Piece : Event.Other;
            }

            reader.Skip();
        }

        return Event.Other;
    }

    private static bool IsPiece(in Utf8JsonReader type) =>
        type.ValueTextEquals("response.output_text.delta"u8) || type.ValueTextEquals("response.function_call_arguments.delta"u8)
        || type.ValueTextEquals("response.reasoning_summary_text.delta"u8) || type.ValueTextEquals("response.refusal.delta"u8)
        || type.ValueTextEquals("response.custom_tool_call_input.delta"u8);

    private void ReadField(ReadOnlySpan<byte> data, ref Utf8JsonReader reader, Event kind)
    {
        if (kind == Event.Piece && reader.ValueTextEquals("delta"u8)) JsonPiece.Append(_words, ref reader);
        else if (reader.ValueTextEquals("sequence_number"u8)) _number = ProviderJson.Number(ref reader);
        else if (reader.ValueTextEquals("response"u8)) ReadResponse(data, ref reader);
        else if (kind == Event.Error && reader.ValueTextEquals("message"u8)) digest.ErrorMessage ??= ProviderJson.Text(ref reader);
        else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
        else ProviderJson.Next(ref reader);
    }

    private void ReadResponse(ReadOnlySpan<byte> data, ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        // The words were kept already, with their limit; the output says who said them, and which tools were called.
        var output = data[ResponsesAnswer.Read(ref reader, digest)];
        if (!output.IsEmpty && output.Length <= AnswerDigest.MaxKeptBytes) _output = output.ToArray();
    }

    private enum Event
    {
        Other,
        Piece,
        End,
        Error,
    }
}
