namespace Proxy.Host.Answers;

/// <summary>
/// Lets the body of a broken answer end without the mark that ends it. Some clients, OpenAI's for .NET among them, pass over an error event,
/// and would take a connection that ends well for an answer that is whole.
/// </summary>
internal static class BrokenEnd
{
    /// <summary>
    /// Over HTTP/2 and HTTP/3 such an end is a reset, which overtakes what the server has not framed yet and makes clients drop what they have
    /// not read yet. So it waits for as long as a client may need to read the error event; most leave when they have.
    /// </summary>
    private static readonly TimeSpan ReadingTime = TimeSpan.FromSeconds(2);

    /// <remarks>An exception is the server's way for a response that fails after its head: an abort could lose the error event over HTTP/1.1 too.</remarks>
    public static async Task ThrowAsync(HttpContext context, TimeProvider time)
    {
        if (HttpProtocol.IsHttp2(context.Request.Protocol) || HttpProtocol.IsHttp3(context.Request.Protocol))
            await Task.Delay(ReadingTime, time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        if (!context.RequestAborted.IsCancellationRequested) throw new IOException("The answer is not whole.");
    }
}
