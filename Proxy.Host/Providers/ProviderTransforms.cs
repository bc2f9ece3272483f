using System.Net.Http.Headers;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Management.Errors;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Proxy.Host.Providers;

/// <summary>Dresses each attempt for its provider, and has the answer brought back. On every route there is.</summary>
/// <remarks>Headers are chosen, not copied: what the client sent of cookies, credentials, addresses or account choices stays here.</remarks>
internal sealed class ProviderTransforms(AnswerRelay relay, TimeProvider time) : ITransformProvider
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

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
        if (exchange is not { Caller: not null, Request: { } request, Target: { } target, Timer: { } timer, Operation: { } operation, Refusal: null, IsCommitted: false })
        {
            // The last wall: whatever the pipeline or proxy.json did, nothing leaves without an admitted caller.
            await ErrorWriter.WriteAsync(context, new ProxyError(401, ProxyError.AuthError, "Authentication Error, No api key passed in."));
            return;
        }

        var destination = context.GetReverseProxyFeature().ProxiedDestination!;
        if (DeploymentOf(target.Cluster, destination.DestinationId, destination.Model.Config) is not { } deployment || !deployment.Dialect.Serves(operation))
        {
            exchange.Refuse(new ProxyError(503, ProxyError.InternalServerError, "The configuration of the model has just changed; try again."));
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var attempt = new Attempt(target, destination.DestinationId, deployment, timer, time.GetUtcNow());
        exchange.Attempt = attempt;
        exchange.Attempts.Add(attempt);

        var outgoing = deployment.Dialect.Write(request, deployment, attempt.UpstreamModel);
        context.Request.Body = outgoing;

        var message = transform.ProxyRequest;
        message.RequestUri = deployment.Dialect.AddressOf(deployment, operation, attempt.UpstreamModel);
        message.Content!.Headers.ContentLength = outgoing.Length;
        message.Content.Headers.ContentType = Json;
        deployment.Dialect.Dress(message.Headers, deployment, context.Request.Headers);
    }

    /// <summary>A destination that a reload brought after this call began is read on the spot.</summary>
    private static Deployment? DeploymentOf(ModelCluster cluster, string destinationId, Yarp.ReverseProxy.Configuration.DestinationConfig config) =>
        cluster.Deployments.GetValueOrDefault(destinationId) ?? Deployment.Read(config, static _ => { });
}
