using System.Globalization;
using Proxy.Host.Exchanges;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Recording;
using Proxy.Management.Spend;

namespace Proxy.Host.Answers;

/// <summary>Relays an answer that is one JSON body. What was read last is held back until the call is recorded.</summary>
internal sealed class BodyRelay(ExchangeRecorder recorder, TimeProvider time)
{
    private const int FirstRent = 16 * 1024;
    private const int SentInPiecesOf = 32 * 1024;

    /// <summary>Up to here an answer is kept whole; of a longer one (embeddings by the thousand) the end is kept, where usage stands.</summary>
    private const int MaxKept = 16 * 1024 * 1024;
    private const int KeptTail = 64 * 1024;

    public async Task RelayAsync(Stream upstream, HttpContext context, Exchange exchange, IdleTimeout idle)
    {
        using var kept = new KeptBody(FirstRent);
        try
        {
            var end = await CopyAsync(upstream, context, kept, idle);
            end = Read(exchange, kept, end);

            if (!await recorder.TryCloseAsync(exchange)) exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
            else if (end == AnswerEnd.Whole) await SendRestAsync(context.Response, exchange, kept, context.RequestAborted);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The client left while the end went out. The call is recorded.
        }
    }

    private async Task<AnswerEnd> CopyAsync(Stream upstream, HttpContext context, KeptBody kept, IdleTimeout idle)
    {
        try
        {
            while (true)
            {
                var read = await upstream.ReadAsync(kept.Free(), idle.Token);
                if (read == 0) return AnswerEnd.Whole;

                idle.Restart();
                context.Exchange.FirstByteAt ??= time.GetUtcNow();

                // There is more, so what stood before it is not the end and may go.
                if (kept.Unsent.Length >= SentInPiecesOf)
                {
                    await context.Response.BodyWriter.WriteAsync(kept.Unsent, context.RequestAborted);
                    kept.MarkSent();
                }

                kept.Advance(read, context.Exchange.Attempt!.Deployment.Secret.Span);
                if (kept.Memory.Length > MaxKept) kept.DropSent(KeptTail);
            }
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception))
        {
            return idle.EndOf(context);
        }
    }

    /// <summary>Reads the answer for the ledger and the log. JSON that does not end is a broken answer, however politely the connection did.</summary>
    private static AnswerEnd Read(Exchange exchange, KeptBody kept, AnswerEnd end)
    {
        var isWhole = kept.IsCut
            ? OpenAiAnswer.ReadTail(kept.Memory.Span, exchange.Answer)
            : OpenAiAnswer.Read(kept.Memory, exchange.Answer);
        if (!isWhole && exchange.UpstreamStatus < 300)
        {
            // Nobody knows how much of it was text; it is billed as if all of it were.
            exchange.Answer.OutputBytes = kept.Total;
            if (end == AnswerEnd.Whole) end = AnswerEnd.Broken;
        }

        if (exchange.Outcome == SpendOutcome.Success && exchange.Answer.ErrorMessage is not null)
            exchange.Fail(ExchangeErrors.ProviderFailed, SpendOutcome.Failure);

        if (end == AnswerEnd.ClientLeft) exchange.Outcome = SpendOutcome.Aborted;
        else if (ExchangeErrors.Of(end) is { } error) exchange.Refuse(error, SpendOutcome.Incomplete);
        return end;
    }

    private static async Task SendRestAsync(HttpResponse response, Exchange exchange, KeptBody kept, CancellationToken cancellationToken)
    {
        if (!response.HasStarted)
        {
            response.ContentLength = kept.Unsent.Length;
            response.Headers["x-litellm-response-cost"] = exchange.Cost.ToString("0.############", CultureInfo.InvariantCulture);
            response.Headers["x-litellm-response-duration-ms"] =
                ((long)(exchange.EndedAt - exchange.StartedAt).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        }

        await response.BodyWriter.WriteAsync(kept.Unsent, cancellationToken);
    }
}
