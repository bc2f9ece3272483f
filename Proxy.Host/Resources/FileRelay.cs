using System.Buffers;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Recording;
using Proxy.Management.Spend;

namespace Proxy.Host.Resources;

/// <summary>Passes a file on as it comes, whatever its size. Its last piece goes out when the call is recorded.</summary>
internal sealed class FileRelay(ExchangeRecorder recorder, TimeProvider time)
{
    private const int PieceSize = 64 * 1024;

    public async Task RelayAsync(HttpResponseMessage answer, Stream body, HttpContext context, Exchange exchange)
    {
        byte[][] pieces = [ArrayPool<byte>.Shared.Rent(PieceSize), ArrayPool<byte>.Shared.Rent(PieceSize)];
        try
        {
            var (end, last) = await CopyAsync(answer, body, context, exchange, pieces);
            exchange.Attempt!.LastByteAt = time.GetUtcNow();
            if (!exchange.IsCommitted && end != AnswerEnd.Whole && end != AnswerEnd.ClientLeft)
            {
                exchange.Attempt.Fail(new AttemptFailure(FailureKind.Transient, ExchangeErrors.Of(end, exchange)));
                return;
            }

            if (!exchange.IsCommitted) Commit(context, answer);
            Judge(exchange, end);
            if (!await recorder.TryCloseAsync(exchange)) exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
            else if (end == AnswerEnd.Whole) await SendAsync(context, last);
        }
        finally
        {
            foreach (var piece in pieces) ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <returns>How it ended, and the last piece, which is still to be sent. It lies in one of the two, while the next is read into the other.</returns>
    private async Task<(AnswerEnd End, ReadOnlyMemory<byte> Last)> CopyAsync(HttpResponseMessage answer, Stream body, HttpContext context, Exchange exchange, byte[][] pieces)
    {
        var (timer, last) = (exchange.Attempt!.Timer, ReadOnlyMemory<byte>.Empty);
        try
        {
            for (var turn = 0; ; turn ^= 1)
            {
                var read = await body.ReadAsync(pieces[turn].AsMemory(0, PieceSize), timer.Token);
                if (read == 0) return (AnswerEnd.Whole, last);

                timer.Restart();
                exchange.Attempt.FirstByteAt ??= time.GetUtcNow();
                if (!last.IsEmpty)
                {
                    if (!exchange.IsCommitted) Commit(context, answer);
                    if (await SendAsync(context, last) is { } refused) return (refused, default);
                }

                last = pieces[turn].AsMemory(0, read);
            }
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception))
        {
            return (timer.End, default);
        }
    }

    private void Commit(HttpContext context, HttpResponseMessage answer)
    {
        AnswerHead.Commit(context, answer);
        AnswerHead.TellDuration(context.Response, context.Exchange, time.GetUtcNow());
        if (!answer.Content.Headers.NonValidated.Contains("Content-Encoding")) context.Response.ContentLength = answer.Content.Headers.ContentLength;
        if (answer.Content.Headers.NonValidated.TryGetValues("Content-Disposition", out var disposition)) AnswerHead.Set(context.Response, "Content-Disposition", disposition.ToString());
    }

    private static void Judge(Exchange exchange, AnswerEnd end)
    {
        if (AnswerEnds.TryEndByClient(exchange, end)) return;

        if (end != AnswerEnd.Whole) exchange.Refuse(ExchangeErrors.Of(end, exchange), SpendOutcome.Incomplete);
    }

    private ValueTask<AnswerEnd?> SendAsync(HttpContext context, ReadOnlyMemory<byte> piece)
    {
        context.Response.BodyWriter.Write(piece.Span);
        return ClientWriter.FlushAsync(context, time);
    }
}
