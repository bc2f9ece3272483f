using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation;

/// <summary>Two translations one behind the other: the client's API to a second one, and that to the provider's.</summary>
internal sealed class ChainedTranslation(ApiTranslation near, ApiTranslation far) : ApiTranslation(near.Asked, far.Sent)
{
    public override void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call) =>
        Through(near.WriteRequest, asked, call, middle => far.WriteRequest(middle, json, call));

    public override void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest) =>
        Through((given, middle, same) => far.WriteAnswer(given, middle, same, digest), answer, call, middle => near.WriteAnswer(middle, json, call, digest));

    public override EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest) =>
        new ChainedStream(near.TranslateEvents(call, digest), far.TranslateEvents(call, digest));

    private static void Through(Action<JsonElement, Utf8JsonWriter, TranslatedCall> first, JsonElement given, TranslatedCall call, Action<JsonElement> second)
    {
        using var bytes = new PooledBytes(4096);
        using (var json = new Utf8JsonWriter(bytes, TranslatedCall.Readable)) first(given, json, call);

        // What was refused half way may be half a body.
        if (call.Losses.Error is not null) return;

        using var middle = JsonDocument.Parse(bytes.Written);
        second(middle.RootElement);
    }

    /// <summary>One event of the provider's may be several in between, and each of those several of the client's.</summary>
    private sealed class ChainedStream(EventTranslator near, EventTranslator far) : EventTranslator
    {
        public override ReadOnlyMemory<byte> Translate(ReadOnlySpan<byte> sseEvent)
        {
            Clear();
            Pass(far.Translate(sseEvent).Span);
            return Written;
        }

        public override ReadOnlyMemory<byte> End(ReadOnlySpan<byte> endMark)
        {
            Clear();
            Pass(far.End(endMark).Span);
            Write(near.End("data: [DONE]\n\n"u8).Span);
            return Written.ToArray();
        }

        public override void Dispose()
        {
            near.Dispose();
            far.Dispose();
            base.Dispose();
        }

        protected override void Read(JsonElement data)
        {
        }

        protected override void WriteEnd()
        {
        }

        private void Pass(ReadOnlySpan<byte> events)
        {
            SeenLines seen = default;
            while (SseScanner.EventLength(events, ref seen) is > 0 and var length)
            {
                seen = default;
                if (!SseScanner.Data(events[..length]).SequenceEqual("[DONE]"u8)) Write(near.Translate(events[..length]).Span);
                events = events[length..];
            }
        }
    }
}
