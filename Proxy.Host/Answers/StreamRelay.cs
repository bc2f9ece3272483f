using System.Buffers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Recording;
using Proxy.Management.Spend;

namespace Proxy.Host.Answers;

/// <summary>
/// Relays a stream event by event, as it comes. The end mark is held back until the call is recorded; a stream that ends otherwise gets one
/// error event and no end mark. One that fails before its first event went out is a failed attempt, and the client learns nothing of it.
/// </summary>
internal sealed class StreamRelay(ExchangeRecorder recorder, TimeProvider time)
{
    private const string EventStream = "text/event-stream";

    public async Task RelayAsync(HttpResponseMessage answer, Stream upstream, HttpContext context, Exchange exchange)
    {
        using var words = exchange.ProviderApi.ReadEvents(exchange.Request!, exchange.Answer);
        using var translator = exchange.Attempt!.Translation?.TranslateEvents(exchange.Answer);
        using var events = new EventBuffer(words, exchange.Attempt.Deployment.Secret, translator);

        var end = await CopyAsync(answer, upstream, context, events);
        exchange.Attempt!.LastByteAt = time.GetUtcNow();
        words.Complete();
        exchange.Answer.OutputBytes += events.UnreadBytes;
        var isWhole = events.HasEnded;
        if (!exchange.IsCommitted && !isWhole)
        {
            exchange.Attempt!.Fail(RefusalReader.OfAnswer(end, exchange));
            return;
        }

        if (!exchange.IsCommitted) Commit(context, answer);
        Judge(exchange, end, isWhole);
        if (!await recorder.TryCloseAsync(exchange)) exchange.Fail(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
        if (exchange.Outcome != SpendOutcome.Aborted) await EndAsync(context, exchange, events);
    }

    // No allocation per chunk, and one flush for all events that came together.
    private async Task<AnswerEnd> CopyAsync(HttpResponseMessage answer, Stream upstream, HttpContext context, EventBuffer events)
    {
        var exchange = context.Exchange;
        var attempt = exchange.Attempt!;
        var timer = attempt.Timer;
        var writer = context.Response.BodyWriter;
        try
        {
            while (true)
            {
                // A read of nothing waits for bytes without holding a buffer: most of a stream's life is waiting.
                if (events.IsEmpty) _ = await upstream.ReadAsync(Memory<byte>.Empty, timer.Token);
                var read = await upstream.ReadAsync(events.Free(), timer.Token);
                if (read == 0)
                {
                    events.Finish();
                    return AnswerEnd.Whole;
                }

                timer.Restart();
                attempt.FirstByteAt ??= time.GetUtcNow();
                if (events.Advance(read, writer))
                {
                    if (!exchange.IsCommitted) Commit(context, answer);
                    if (await ClientWriter.FlushAsync(context, time) is { } refused) return refused;
                }

                if (events.Fault is { } fault) return fault;
                if (events.HasEnded) return AnswerEnd.Whole;
            }
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception))
        {
            return timer.End;
        }
    }

    private void Commit(HttpContext context, HttpResponseMessage answer)
    {
        AnswerHead.Commit(context, answer);
        AnswerHead.TellDuration(context.Response, context.Exchange, time.GetUtcNow());
        var response = context.Response;
        if (answer.Content.Headers.ContentType?.MediaType != EventStream) response.ContentType = EventStream;
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private static void Judge(Exchange exchange, AnswerEnd end, bool isWhole)
    {
        if (AnswerEnds.TryEndByClient(exchange, end)) return;

        if (end == AnswerEnd.Failed) exchange.Fail(ExchangeErrors.Of(end, exchange), SpendOutcome.Failure);
        else if (!isWhole) exchange.Fail(ExchangeErrors.Of(end, exchange), SpendOutcome.Incomplete);
    }

    private async Task EndAsync(HttpContext context, Exchange exchange, EventBuffer events)
    {
        var api = exchange.Operation!.Api;
        var writer = context.Response.BodyWriter;

        // An event that is cut in its middle would swallow the one that says so.
        if (events.IsMidEvent) writer.Write("\n\n"u8);

        var last = exchange.Failure is { } failure ? api.ErrorEvent(failure, exchange.Answer) : events.EndMark;
        writer.Write(last.Span);

        // A client that leaves now has its call recorded already.
        _ = await ClientWriter.FlushAsync(context, time);
        exchange.IsCut = exchange.Failure is not null;
    }
}
