using Proxy.Host.Requests;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Exchanges;

/// <summary>What a room of the pipeline says of a call: it goes on, or it is refused.</summary>
/// <remarks>Mostly that is known at once, and then the room leaves no frame behind that would wait for the provider with the others.</remarks>
internal static class Verdict
{
    /// <param name="verdict">Null: the call goes on.</param>
    public static Task FollowAsync(this ValueTask<ProxyError?> verdict, HttpContext context, Exchange exchange, RequestDelegate next) =>
        verdict.IsCompletedSuccessfully ? Follow(verdict.Result, context, exchange, next) : AwaitAsync(verdict, context, exchange, next);

    private static async Task AwaitAsync(ValueTask<ProxyError?> verdict, HttpContext context, Exchange exchange, RequestDelegate next) =>
        await Follow(await verdict, context, exchange, next);

    private static Task Follow(ProxyError? refusal, HttpContext context, Exchange exchange, RequestDelegate next)
    {
        if (refusal is null) return next(context);

        exchange.Refuse(refusal, refusal.Type == RequestBodyReader.Incomplete.Type ? SpendOutcome.Aborted : SpendOutcome.Rejected);
        return Task.CompletedTask;
    }
}
