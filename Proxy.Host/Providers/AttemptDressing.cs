using System.Net.Http.Headers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Recording;
using Proxy.Host.Requests.Forms;
using Proxy.Host.Telemetry;
using Proxy.Host.Translation;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Providers;

/// <summary>Begins an attempt at a destination: takes its room there, and has its request written in the provider's dialect.</summary>
internal sealed class AttemptDressing(DeploymentCapacities capacities, TimeProvider time)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <returns>Null when the destination, since a reload, does not serve such calls. One that has failed already found no room.</returns>
    public Attempt? Begin(Exchange exchange, DestinationState destination)
    {
        var target = exchange.Target!;
        if (DeploymentOf(target.Cluster, destination) is not { } deployment || !deployment.Dialect.Serves(exchange.Operation!)) return null;

        var now = time.GetUtcNow();
        var hasRoom = capacities.TryTake(destination, deployment, exchange.EstimatedTokens, out var permit);
        var attempt = new Attempt(target, destination.DestinationId, deployment, exchange.Timer!, now)
        {
            Permit = permit,
            PromptTokens = permit is null ? 0 : Estimate.Prompt(exchange).Total,
            Span = AttemptTrace.Start(exchange, deployment),
            Translation = Translate(exchange, destination.DestinationId, deployment, now),
        };
        exchange.Attempts.Add(attempt);

        // Another call took the last of it since the choice was made.
        if (!hasRoom) attempt.Fail(new AttemptFailure(FailureKind.Full, ExchangeErrors.DeploymentsFull(exchange.Model ?? "", TimeSpan.Zero)));
        return attempt;
    }

    /// <returns>False when the call cannot be carried over to what the provider speaks, and so the attempt has failed.</returns>
    public static bool TryDress(Attempt attempt, Exchange exchange, HttpRequestMessage message, IHeaderDictionary asked)
    {
        var (deployment, operation, request) = (attempt.Deployment, exchange.Operation!, exchange.Request!);
        var body = attempt.Translation is { } translation ? translation.WriteRequest()
            : request.Form is not null ? FormSplice.Write(request, attempt.UpstreamModel)
            : deployment.Dialect.Write(request, deployment, operation, attempt.UpstreamModel);
        if (body is null)
        {
            attempt.Fail(new AttemptFailure(FailureKind.Untranslatable, attempt.Translation!.Losses.Error!));
            return false;
        }

        body.Headers.ContentType = request.Form?.Boundary.ContentType ?? Json;
        attempt.Body = body;
        message.Options.Set(WholeBodyHandler.Body, body);
        var sent = attempt.Translation?.Sent ?? operation;
        message.RequestUri = deployment.Dialect.AddressOf(deployment, sent, attempt.UpstreamModel);
        deployment.Dialect.Dress(message.Headers, deployment, sent, asked);
        deployment.Dialect.Sign(message, body, deployment, attempt.StartedAt);
        if (exchange.Settings.Traces.PassToProviders) AttemptTrace.Pass(message.Headers, attempt, asked);
        return true;
    }

    private static TranslatedCall? Translate(Exchange exchange, string destinationId, Deployment deployment, DateTimeOffset now)
    {
        if (deployment.Dialect.TranslationOf(exchange.Operation!) is not { } translation) return null;

        var target = exchange.Target!;
        var upstreamModel = deployment.UpstreamModel(target);
        return new TranslatedCall(translation, exchange.Request!, deployment, upstreamModel)
        {
            MaxOutputTokens = exchange.Settings.Prices.FindPrice($"{target.Cluster.Id}/{destinationId}", upstreamModel, exchange.Model)?.MaxOutputTokens,
            StartedAt = now,
            Losses = new Losses(exchange.Settings.Routing.DropUnsupportedParameters, translation.Sent.Api.Name),
        };
    }

    /// <summary>A destination that a reload brought after this call began is read on the spot.</summary>
    private static Deployment? DeploymentOf(ModelCluster cluster, DestinationState destination) =>
        cluster.Deployments.GetValueOrDefault(destination.DestinationId) ?? Deployment.Read(destination.Model.Config, static _ => { });
}
