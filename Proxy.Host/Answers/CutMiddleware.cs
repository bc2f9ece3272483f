using Proxy.Host.Exchanges;

namespace Proxy.Host.Answers;

/// <summary>
/// Lets the body of a broken answer end without the mark that ends it. Some clients, OpenAI's for .NET among them, pass over an error event,
/// and would take a connection that ends well for an answer that is whole.
/// </summary>
/// <remarks>
/// An exception is the server's way: what was written goes out, and then the connection (or the stream of it) ends badly. An abort could
/// lose the error event. It stands before the exception handler, which would log it as a fault of the program.
/// </remarks>
internal sealed class CutMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Features.Get<Exchange>()?.IsCut == true && !context.RequestAborted.IsCancellationRequested)
            throw new IOException("The answer is not whole.");
    }
}
