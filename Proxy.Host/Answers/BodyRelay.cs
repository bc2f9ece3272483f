using System.Buffers;
using System.Globalization;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Management.Spend;

namespace Proxy.Host.Answers;

/// <summary>
/// Relays an answer that is one JSON body. What was read last is held back until the call is recorded. An answer that breaks before any of
/// it went out is a failed attempt.
/// </summary>
internal sealed class BodyRelay(ExchangeRecorder recorder, TimeProvider time)
{
    private const int SentInPiecesOf = 32 * 1024;

    /// <summary>Up to here an answer is kept whole; of a longer one (embeddings by the thousand) the end is kept, where usage stands.</summary>
    private const int MaxKept = 16 * 1024 * 1024;
    private const int KeptTail = 64 * 1024;

    public async Task RelayAsync(HttpResponseMessage answer, Stream upstream, HttpContext context, Exchange exchange)
    {
        using var kept = new KeptBody(answer.Content.Headers.ContentLength);
        if (exchange.ProviderApi == ClientApi.Transcripts)
            exchange.Answer.IsPlainText = answer.Content.Headers.ContentType?.MediaType?.StartsWith("text/", StringComparison.OrdinalIgnoreCase) == true;
        var end = await CopyAsync(answer, upstream, context, kept);
        exchange.Attempt!.LastByteAt = time.GetUtcNow();
        var isJson = TryRead(exchange, kept);
        if (end == AnswerEnd.Whole) end = Truth(exchange, isJson);
        var rest = end == AnswerEnd.Whole ? Translated(exchange, kept) : null;
        if (end == AnswerEnd.Whole && rest is null) end = AnswerEnd.Broken;

        // Nobody knows how much of what broke was text; it is billed as if all of it were.
        if (!isJson) exchange.Answer.OutputBytes = exchange.ProviderApi.TextIn(kept.Total);
        if (!exchange.IsCommitted && end is not (AnswerEnd.Whole or AnswerEnd.ClientLeft))
        {
            exchange.Attempt!.Fail(new AttemptFailure(FailureKind.Transient, ExchangeErrors.Of(end, exchange)));
            return;
        }

        if (!exchange.IsCommitted) AnswerHead.Commit(context, answer);
        Judge(exchange, end);
        if (!await recorder.TryCloseAsync(exchange)) exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
        else if (end == AnswerEnd.Whole) await SendRestAsync(context, exchange, rest!.Value);
    }

    /// <summary>What is left to be sent; null when the answer is none that could be translated.</summary>
    private static ReadOnlyMemory<byte>? Translated(Exchange exchange, KeptBody kept) =>
        exchange.Attempt!.Translation is { } translation ? translation.WriteAnswer(kept.Memory, exchange.Answer) : kept.Unsent;

    private async Task<AnswerEnd> CopyAsync(HttpResponseMessage answer, Stream upstream, HttpContext context, KeptBody kept)
    {
        var exchange = context.Exchange;
        var attempt = exchange.Attempt!;
        try
        {
            while (true)
            {
                var read = await upstream.ReadAsync(kept.Free(), attempt.Timer.Token);
                if (read == 0) return AnswerEnd.Whole;

                attempt.Timer.Restart();
                attempt.FirstByteAt ??= time.GetUtcNow();

                // There is more, so what stood before it is not the end and may go.
                if (attempt.Translation is not null)
                {
                    if (kept.Total > MaxKept) return AnswerEnd.Broken;
                }
                else if (kept.Unsent.Length >= SentInPiecesOf)
                {
                    if (!exchange.IsCommitted) CommitPiece(context, answer);
                    context.Response.BodyWriter.Write(kept.Unsent.Span);
                    kept.MarkSent();
                    if (await ClientWriter.FlushAsync(context, time) is { } refused) return refused;
                }

                kept.Advance(read, attempt.Deployment.Secret.Span);
                if (attempt.Translation is null && kept.Memory.Length > MaxKept) kept.DropSent(KeptTail);
            }
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception))
        {
            return attempt.Timer.End;
        }
    }

    /// <summary>What goes out before its end is known says how long it took until now.</summary>
    private void CommitPiece(HttpContext context, HttpResponseMessage answer)
    {
        AnswerHead.Commit(context, answer);
        AnswerHead.TellDuration(context.Response, context.Exchange, time.GetUtcNow());
    }

    private static bool TryRead(Exchange exchange, KeptBody kept)
    {
        var api = exchange.ProviderApi;
        if (!kept.IsCut) return api.TryReadAnswer(kept.Memory, exchange.Answer);

        api.ReadTail(kept.Memory.Span, exchange.Answer);
        return api.IsEnd(kept.Memory.Span);
    }

    /// <summary>What a body that came whole really is: an answer; JSON that does not end, however politely the connection did; an error under a good status.</summary>
    private static AnswerEnd Truth(Exchange exchange, bool isJson)
    {
        if (!isJson) return AnswerEnd.Broken;
        return !exchange.IsCommitted && exchange.Answer is { ErrorMessage: not null, Output.IsEmpty: true } ? AnswerEnd.Failed : AnswerEnd.Whole;
    }

    private static void Judge(Exchange exchange, AnswerEnd end)
    {
        if (AnswerEnds.TryEndByClient(exchange, end)) return;

        if (end == AnswerEnd.Whole && exchange.Answer.ErrorMessage is not null) exchange.Fail(ExchangeErrors.Of(AnswerEnd.Failed, exchange), SpendOutcome.Failure);
        if (end == AnswerEnd.Whole) return;

        // Part of a body cannot be taken back, and only an end that is none tells the client that it is part.
        exchange.Fail(ExchangeErrors.Of(end, exchange), SpendOutcome.Incomplete);
        exchange.IsCut = true;
    }

    private async Task SendRestAsync(HttpContext context, Exchange exchange, ReadOnlyMemory<byte> rest)
    {
        var response = context.Response;
        if (!response.HasStarted)
        {
            response.ContentLength = rest.Length;
            var cost = exchange.Cost.ToString("0.############", CultureInfo.InvariantCulture);
            response.Headers["x-litellm-response-cost"] = cost;
            response.Headers["x-litellm-response-cost-original"] = cost;
            AnswerHead.TellDuration(response, exchange, exchange.EndedAt);
        }

        response.BodyWriter.Write(rest.Span);

        // A client that leaves now has its call recorded already.
        _ = await ClientWriter.FlushAsync(context, time);
    }
}
