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
        var pieces = (Last: ArrayPool<byte>.Shared.Rent(PieceSize), Next: ArrayPool<byte>.Shared.Rent(PieceSize));
        try
        {
            var (end, length) = await CopyAsync(answer, body, context, exchange, pieces);
            exchange.Attempt!.LastByteAt = time.GetUtcNow();
            if (!exchange.IsCommitted && end != AnswerEnd.Whole && end != AnswerEnd.ClientLeft)
            {
                exchange.Attempt.Fail(new AttemptFailure(FailureKind.Transient, ExchangeErrors.Of(end, exchange)));
                return;
            }

            if (!exchange.IsCommitted) Commit(context, answer);
            Judge(exchange, end);
            if (!await recorder.TryCloseAsync(exchange)) exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
            else if (end == AnswerEnd.Whole) await SendAsync(context, pieces.Last.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pieces.Last);
            ArrayPool<byte>.Shared.Return(pieces.Next);
        }
    }

    /// <returns>How it ended, and how much of the last piece is still to be sent; that piece is in the first of the two.</returns>
    private async Task<(AnswerEnd End, int Length)> CopyAsync(HttpResponseMessage answer, Stream body, HttpContext context, Exchange exchange, (byte[] Last, byte[] Next) pieces)
    {
        var (timer, length) = (exchange.Attempt!.Timer, 0);
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(pieces.Next.AsMemory(0, PieceSize), timer.Token);
                if (read == 0) return (AnswerEnd.Whole, length);

                timer.Restart();
                exchange.Attempt.FirstByteAt ??= time.GetUtcNow();
                if (length > 0)
                {
                    if (!exchange.IsCommitted) Commit(context, answer);
                    if (await SendAsync(context, pieces.Last.AsMemory(0, length)) is { } refused) return (refused, 0);
                }

                pieces.Next.AsSpan(0, read).CopyTo(pieces.Last);
                length = read;
            }
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception))
        {
            return (timer.End, 0);
        }
    }

    private void Commit(HttpContext context, HttpResponseMessage answer)
    {
        AnswerHead.Commit(context, answer, time.GetUtcNow());
        if (!answer.Content.Headers.NonValidated.Contains("Content-Encoding")) context.Response.ContentLength = answer.Content.Headers.ContentLength;
        if (answer.Content.Headers.NonValidated.TryGetValues("Content-Disposition", out var disposition)) AnswerHead.Set(context.Response, "Content-Disposition", disposition.ToString());
    }

    private static void Judge(Exchange exchange, AnswerEnd end)
    {
        if (end == AnswerEnd.ClientLeft) exchange.Outcome = SpendOutcome.Aborted;
        else if (end == AnswerEnd.ReaderStalled) exchange.Fail(ExchangeErrors.ReaderStalled, SpendOutcome.Aborted);
        else if (end != AnswerEnd.Whole) exchange.Refuse(ExchangeErrors.Of(end, exchange), SpendOutcome.Incomplete);
    }

    private ValueTask<AnswerEnd?> SendAsync(HttpContext context, ReadOnlyMemory<byte> piece)
    {
        context.Response.BodyWriter.Write(piece.Span);
        return ClientWriter.FlushAsync(context, time);
    }
}
