using System.Net.Http.Headers;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Requests;
using Proxy.Host.Requests.Forms;
using Proxy.Host.Translation;
using Proxy.Management.Errors;
using Proxy.Management.Limits;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Proxy.Host.Providers;

/// <summary>Dresses each attempt for its provider, and has the answer brought back. On every route there is.</summary>
/// <remarks>Headers are chosen, not copied: what the client sent of cookies, credentials, addresses or account choices stays here.</remarks>
internal sealed class ProviderTransforms(AnswerRelay relay, DeploymentCapacities capacities, TimeProvider time) : ITransformProvider
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

        var hasRoom = capacities.TryTake(destination, deployment, exchange.EstimatedTokens, out var permit);
        var attempt = Begin(exchange, target, destination.DestinationId, deployment, timer, permit);
        if (!hasRoom)
        {
            // Another call took the last of it since the choice was made.
            attempt.Fail(new AttemptFailure(FailureKind.Full, ExchangeErrors.DeploymentsFull(exchange.Model ?? "", TimeSpan.Zero)));
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        if (Write(attempt, request, operation) is not { } outgoing)
        {
            attempt.Fail(new AttemptFailure(FailureKind.Untranslatable, attempt.Translation!.Losses.Error!));
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        outgoing.Headers.ContentType = request.Form?.Boundary.ContentType ?? Json;
        attempt.Body = outgoing;

        var sent = attempt.Translation?.Sent ?? operation;
        var message = transform.ProxyRequest;
        message.RequestUri = deployment.Dialect.AddressOf(deployment, sent, attempt.UpstreamModel);
        message.Options.Set(WholeBodyHandler.Body, outgoing);
        deployment.Dialect.Dress(message.Headers, deployment, sent, context.Request.Headers);
    }

    private Attempt Begin(Exchange exchange, ModelMatch target, string destinationId, Deployment deployment, AttemptTimer timer, CapacityPermit? permit)
    {
        var now = time.GetUtcNow();
        var attempt = new Attempt(target, destinationId, deployment, timer, now)
        {
            Permit = permit,
            Translation = Translate(exchange, target, destinationId, deployment, now),
        };
        exchange.Attempt = attempt;
        exchange.Attempts.Add(attempt);
        return attempt;
    }

    private static TranslatedCall? Translate(Exchange exchange, ModelMatch target, string destinationId, Deployment deployment, DateTimeOffset now)
    {
        if (deployment.Dialect.TranslationOf(exchange.Operation!) is not { } translation) return null;

        var upstreamModel = deployment.UpstreamModel(target);
        return new TranslatedCall(translation, exchange.Request!, deployment, upstreamModel)
        {
            MaxOutputTokens = exchange.Settings.Prices.FindPrice($"{target.Cluster.Id}/{destinationId}", upstreamModel, exchange.Model)?.MaxOutputTokens,
            StartedAt = now,
            Losses = new Losses(exchange.Settings.Routing.DropUnsupportedParameters, translation.Sent.Api.Name),
        };
    }

    /// <returns>Null when the call cannot be carried over to what the provider speaks.</returns>
    private static OutgoingBody? Write(Attempt attempt, CompletionRequest request, ApiOperation operation) => attempt.Translation is { } translation
        ? translation.WriteRequest()
        : request.Form is not null
            ? FormSplice.Write(request, attempt.UpstreamModel)
            : attempt.Deployment.Dialect.Write(request, attempt.Deployment, operation, attempt.UpstreamModel);

    /// <summary>A destination that a reload brought after this call began is read on the spot.</summary>
    private static Deployment? DeploymentOf(ModelCluster cluster, string destinationId, Yarp.ReverseProxy.Configuration.DestinationConfig config) =>
        cluster.Deployments.GetValueOrDefault(destinationId) ?? Deployment.Read(config, static _ => { });
}
