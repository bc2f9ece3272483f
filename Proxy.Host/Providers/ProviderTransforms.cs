using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Hedging;
using Proxy.Management.Errors;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Proxy.Host.Providers;

/// <summary>Dresses each attempt for its provider, and has the answer brought back. On every route there is.</summary>
/// <remarks>Headers are chosen, not copied: what the client sent of cookies, credentials, addresses or account choices stays here.</remarks>
internal sealed class ProviderTransforms(AnswerRelay relay, AttemptDressing dressing, HedgePlanner hedging) : ITransformProvider
{
    public void ValidateRoute(TransformRouteValidationContext context)
    {
    }

    public void ValidateCluster(TransformClusterValidationContext context)
    {
    }

    public void Apply(TransformBuilderContext context)
    {
        context.CopyRequestHeaders = false;
        context.CopyResponseHeaders = false;
        context.CopyResponseTrailers = false;
        context.UseDefaultForwarders = false;
        context.AddRequestTransform(DressAsync);
        context.AddResponseTransform(relay.RelayAsync);
    }

    private async ValueTask DressAsync(RequestTransformContext transform)
    {
        var context = transform.HttpContext;
        var exchange = context.Features.Get<Exchange>();
        if (exchange is not { Caller: not null, Request: not null, Target: not null, Timer: not null, Operation: not null, Refusal: null, IsCommitted: false })
        {
            // The last wall: whatever the pipeline or proxy.json did, nothing leaves without an admitted caller.
            await ErrorWriter.WriteAsync(context, new ProxyError(401, ProxyError.AuthError, "Authentication Error, No api key passed in."));
            return;
        }

        var destination = context.GetReverseProxyFeature().ProxiedDestination!;
        if (dressing.Begin(exchange, destination) is not { } attempt)
        {
            exchange.Refuse(new ProxyError(503, ProxyError.InternalServerError, "The configuration of the model has just changed; try again."));
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        exchange.Attempt = attempt;
        var message = transform.ProxyRequest;
        if (attempt.Failure is not null || !AttemptDressing.TryDress(attempt, exchange, message, context.Request.Headers))
        {
            // A status is how YARP is told to send nothing; what the client gets is up to the failover.
            context.Response.StatusCode = attempt.Failure!.Error.Status;
            return;
        }

        if (hedging.Plan(context, attempt, destination) is { } hedge) message.Options.Set(Hedge.Key, hedge);
    }
}
