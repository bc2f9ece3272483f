using Proxy.Host.Failover;
using Proxy.Host.Realtime;
using Proxy.Host.Recording;
using Proxy.Host.Resources;
using Proxy.Host.Translation;

namespace Proxy.Host.Exchanges;

/// <summary>The way of one call, whole and in order.</summary>
internal static class ExchangePipeline
{
    private static readonly object Mark = new ExchangeMark();

    /// <summary>Whether a request goes this way, which has its own answers to whatever goes wrong.</summary>
    public static bool IsExchange(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ExchangeMark>() is not null;

    public static void MapExchanges(this IEndpointRouteBuilder routes) => routes.MapReverseProxy(pipeline =>
    {
        pipeline.UseMiddleware<ExchangeMiddleware>(); // opens the exchange; closes and records it, whatever happened
        pipeline.UseMiddleware<AdmissionMiddleware>(); // who is calling; blocked, expired?
        pipeline.UseMiddleware<LogWishMiddleware>(); // what does the client want of its log, and is there room for it?
        pipeline.UseMiddleware<ModelRoutingMiddleware>(); // reads the body once, peeks at the model, picks the cluster
        pipeline.UseMiddleware<ReservationMiddleware>(); // holds the estimate in every budget and limit, or refuses
        pipeline.UseMiddleware<ResourceMiddleware>(); // what providers keep, by its id, branches off here
        pipeline.UseMiddleware<TokenCountMiddleware>(); // estimates for providers that do not count
        pipeline.UseMiddleware<RealtimeMiddleware>(); // sessions branch off here
        pipeline.UseMiddleware<FailoverMiddleware>(); // attempts, until one is committed
        pipeline.UseLoadBalancing();
        pipeline.UsePassiveHealthChecks();
    }).WithMetadata(Mark); // YARP forwards; ProviderTransforms dress the attempt, and AnswerRelay brings the answer back

    private sealed class ExchangeMark;
}
