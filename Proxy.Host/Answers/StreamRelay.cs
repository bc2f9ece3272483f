using System.Buffers;
using Proxy.Host.Exchanges;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Recording;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Answers;

/// <summary>
/// Relays a stream event by event, as it comes. The end mark is held back until the call is recorded; a stream that ends otherwise gets one
/// error event and no end mark.
/// </summary>
internal sealed class StreamRelay(ExchangeRecorder recorder, TimeProvider time)
{
    private static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    public async Task RelayAsync(Stream upstream, HttpContext context, Exchange exchange, IdleTimeout idle)
    {
        using var words = new OpenAiStream(exchange.Answer);
        using var events = new EventBuffer(exchange.Request!.WantsUsage, exchange.Attempt!.Deployment.Secret);
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";

        var end = await CopyAsync(upstream, context, events, words, idle);
        words.Complete();
        exchange.Answer.OutputBytes += events.UnreadBytes;
        Judge(exchange, end, events.HasEnded);
        if (!await recorder.TryCloseAsync(exchange)) exchange.Fail(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);

        try
        {
            if (exchange.Outcome != SpendOutcome.Aborted) await EndAsync(context, exchange);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The client left while the end went out. The call is recorded.
        }
    }

    // No allocation per chunk, and one flush for all events that came together.
    private async Task<AnswerEnd> CopyAsync(Stream upstream, HttpContext context, EventBuffer events, OpenAiStream words, IdleTimeout idle)
    {
        var writer = context.Response.BodyWriter;
        try
        {
            while (true)
            {
                // A read of nothing waits for bytes without holding a buffer: most of a stream's life is waiting.
                if (events.IsEmpty) _ = await upstream.ReadAsync(Memory<byte>.Empty, idle.Token);
                var read = await upstream.ReadAsync(events.Free(), idle.Token);
                if (read == 0) return AnswerEnd.Whole;

                idle.Restart();
                if (events.Advance(read, writer))
                {
                    context.Exchange.FirstByteAt ??= time.GetUtcNow();
                    await writer.FlushAsync(context.RequestAborted);
                }

                events.ReadPassed(words);
                if (events.HasEnded) return AnswerEnd.Whole;
            }
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception))
        {
            return idle.EndOf(context);
        }
    }

    private static void Judge(Exchange exchange, AnswerEnd end, bool hasEnded)
    {
        if (end == AnswerEnd.ClientLeft) exchange.Outcome = SpendOutcome.Aborted;
        else if (exchange.Answer.ErrorMessage is not null) exchange.Fail(ExchangeErrors.ProviderFailed, SpendOutcome.Failure);
        else if (!hasEnded) exchange.Fail(ExchangeErrors.Of(end) ?? ExchangeErrors.ProviderBroke, SpendOutcome.Incomplete);
    }

    private static async Task EndAsync(HttpContext context, Exchange exchange)
    {
        // A provider's own error event has gone out already, and is the client's to see.
        if (exchange.Failure == ExchangeErrors.ProviderFailed) return;

        var writer = context.Response.BodyWriter;
        if (exchange.Failure is null)
        {
            writer.Write(Done);
        }
        else
        {
            writer.Write("data: "u8);
            writer.Write(ErrorWriter.Envelope(exchange.Failure).Span);
            writer.Write("\n\n"u8);
        }

        await writer.FlushAsync(context.RequestAborted);
    }
}
