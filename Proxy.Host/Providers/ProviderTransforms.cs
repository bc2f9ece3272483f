using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Primitives;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Host.Providers.OpenAi;
using Proxy.Management.Errors;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Proxy.Host.Providers;

/// <summary>Dresses each attempt for its provider, and has the answer brought back. On every route there is.</summary>
/// <remarks>Headers are chosen, not copied: what the client sent of cookies, credentials, addresses or account choices stays here.</remarks>
internal sealed class ProviderTransforms(AnswerRelay relay) : ITransformProvider
{
    private static readonly string[] PassedHeaders = ["Accept", "User-Agent", "OpenAI-Beta", "Idempotency-Key"];
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

    private static async ValueTask DressAsync(RequestTransformContext transform)
    {
        var context = transform.HttpContext;
        var exchange = context.Features.Get<Exchange>();
        if (exchange is not { Caller: not null, Request: { } request, Cluster: { } cluster, Operation: { } operation, Refusal: null })
        {
            // The last wall: whatever the pipeline or proxy.json did, nothing leaves without an admitted caller.
            await ErrorWriter.WriteAsync(context, new ProxyError(401, ProxyError.AuthError, "Authentication Error, No api key passed in."));
            return;
        }

        var destination = context.GetReverseProxyFeature().ProxiedDestination!;
        if (DeploymentOf(cluster, destination.DestinationId, destination.Model.Config) is not { } deployment)
        {
            exchange.Refuse(new ProxyError(503, ProxyError.InternalServerError, "The configuration of the model has just changed; try again."));
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var upstreamModel = deployment.UpstreamModel(request.Model, exchange.WildcardMatch);
        exchange.Attempt = new Attempt(destination.DestinationId, deployment, upstreamModel);

        var outgoing = OpenAiRequest.Write(request, upstreamModel, deployment.AsksForStreamUsage && operation != ApiOperation.Embedding);
        context.Request.Body = outgoing;

        var message = transform.ProxyRequest;
        message.RequestUri = deployment.AddressOf(operation);
        message.Headers.Authorization = deployment.Authorization;
        message.Content!.Headers.ContentLength = outgoing.Length;
        message.Content.Headers.ContentType = Json;
        foreach (var name in PassedHeaders)
        {
            if (context.Request.Headers.TryGetValue(name, out var values) && !StringValues.IsNullOrEmpty(values) && Ascii.IsValid((string?)values))
                message.Headers.TryAddWithoutValidation(name, (string?)values);
        }
    }

    /// <summary>A destination that a reload brought after this call began is read on the spot.</summary>
    private static Deployment? DeploymentOf(ModelCluster cluster, string destinationId, Yarp.ReverseProxy.Configuration.DestinationConfig config) =>
        cluster.Deployments.GetValueOrDefault(destinationId) ?? Deployment.Read(config, static _ => { });
}
