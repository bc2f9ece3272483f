using Proxy.Host.Exchanges;

namespace Proxy.Host.Answers;

/// <summary>Ends a broken answer badly. It stands before the exception handler, which would log that as a fault of the program.</summary>
internal sealed class CutMiddleware(RequestDelegate next, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Features.Get<Exchange>()?.IsCut == true) await BrokenEnd.ThrowAsync(context, time);
    }
}
