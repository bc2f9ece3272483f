using Proxy.Host.Exchanges;

namespace Proxy.Host.Answers;

/// <summary>Sends to a client as long as it reads. One that stops reading is cut, so that it cannot hold a provider's answer open.</summary>
internal static class ClientWriter
{
    /// <returns>Null when it is sent; otherwise why not.</returns>
    public static ValueTask<AnswerEnd?> FlushAsync(HttpContext context, TimeProvider time)
    {
        var exchange = context.Exchange;
        var flush = context.Response.BodyWriter.FlushAsync(exchange.ClientLeft);
        return flush.IsCompletedSuccessfully ? new ValueTask<AnswerEnd?>(flush.Result.IsCanceled ? AnswerEnd.ClientLeft : null) : SlowlyAsync(context, flush, time);
    }

    private static async ValueTask<AnswerEnd?> SlowlyAsync(HttpContext context, ValueTask<System.IO.Pipelines.FlushResult> flush, TimeProvider time)
    {
        var exchange = context.Exchange;
        exchange.Timer?.Pause();
        try
        {
            await flush.AsTask().WaitAsync(exchange.Settings.Requests.ReaderTimeout, time, exchange.ClientLeft);
            exchange.Timer?.Restart();
            return null;
        }
        catch (TimeoutException)
        {
            context.Abort();
            return AnswerEnd.ReaderStalled;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            return AnswerEnd.ClientLeft;
        }
    }
}
