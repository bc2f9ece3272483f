using System.Net;
using System.Net.Http.Headers;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;

namespace Proxy.Host.Resources;

/// <summary>Serves calls about what a provider keeps. Only one account has it, so there is no second attempt: they branch off here from the way of a call.</summary>
internal sealed class ResourceMiddleware(
    RequestDelegate next, IProxyStateLookup clusters, DeploymentCapacities capacities, ResourceRelay relay, Settlements settlements, TimeProvider time)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public Task InvokeAsync(HttpContext context) => context.Exchange.Resource is { } call ? ServeAsync(context, context.Exchange, call) : next(context);

    private async Task ServeAsync(HttpContext context, Exchange exchange, ResourceCall call)
    {
        var place = call.Place;
        var destination = clusters.TryGetCluster(place.Cluster.Id, out var cluster) ? cluster.DestinationsState.AllDestinations.FirstOrDefault(destination => destination.DestinationId == place.DestinationId) : null;
        if (destination is null)
        {
            exchange.GiveUp(null, new AttemptFailure(FailureKind.Unavailable, ExchangeErrors.Of(ForwarderError.NoAvailableDestinations, exchange)));
            return;
        }

        if (!capacities.TryTake(destination, place.Deployment, exchange.EstimatedTokens, out var permit))
        {
            _ = capacities.IsFull(destination, place.Deployment, out var wait);
            exchange.GiveUp(null, new AttemptFailure(FailureKind.Full, ExchangeErrors.DeploymentsFull(exchange.Model ?? "", wait)));
            return;
        }

        var limits = place.Cluster.Timeouts;
        using var timer = new AttemptTimer(time, limits.FirstByte, limits.Idle, limits.Whole, exchange.ClientLeft, exchange.Stopping);
        exchange.Timer = timer;
        var attempt = new Attempt(exchange.Target! with { Cluster = place.Cluster }, place.DestinationId, place.Deployment, timer, time.GetUtcNow()) { Permit = permit };
        exchange.Attempt = attempt;
        exchange.Attempts.Add(attempt);
        using var settlement = await settlements.ClaimAsync(exchange, call);
        try
        {
            await SendAsync(context, exchange, call, cluster!.Model.HttpClient);
        }
        finally
        {
            exchange.Timer = null;
            attempt.End(time.GetUtcNow());
            if (attempt.Body is { } body) await body.CloseAsync();
        }
    }

    private async Task SendAsync(HttpContext context, Exchange exchange, ResourceCall call, HttpMessageInvoker http)
    {
        var (attempt, request) = (exchange.Attempt!, context.Request);
        if (call.IsUpload && request.ContentLength > exchange.Settings.Requests.MaxFileBytes)
        {
            exchange.Refuse(ResourceErrors.TooLarge);
            return;
        }

        using var message = new HttpRequestMessage(HttpMethod.Parse(request.Method), call.Place.Deployment.Dialect.ResourceOf(call.Place.Deployment, call.Path.WithQuery(request.Query)))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = ContentOf(exchange, call, request),
        };
        call.Place.Deployment.Dialect.Dress(message.Headers, call.Place.Deployment, exchange.Operation!, request.Headers);
        try
        {
            using var answer = await http.SendAsync(message, attempt.Timer.Token);
            await relay.RelayAsync(answer, context, exchange, call);
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) && !exchange.IsCommitted)
        {
            if (attempt.Timer.End == AnswerEnd.ClientLeft) exchange.Outcome = Management.Spend.SpendOutcome.Aborted;
            else if (message.Content is UploadContent { IsTooLarge: true }) exchange.Refuse(ResourceErrors.TooLarge);
            else if (attempt.Timer.Token.IsCancellationRequested) GiveUp(exchange, ExchangeErrors.Of(attempt.Timer.End, exchange));
            else GiveUp(exchange, ExchangeErrors.Of(ForwarderError.Request, exchange));
        }
    }

    private static HttpContent? ContentOf(Exchange exchange, ResourceCall call, HttpRequest request)
    {
        if (call.IsUpload) return new UploadContent(request, exchange.Settings.Requests.MaxFileBytes, exchange.Timer!);
        if (exchange.Request!.Body.IsEmpty) return null;

        var body = ResourceBody.Write(exchange.Request, call.UpstreamModel);
        body.Headers.ContentType = Json;
        exchange.Attempt!.Body = body;
        return body;
    }

    private static void GiveUp(Exchange exchange, Management.Errors.ProxyError error)
    {
        var failure = new AttemptFailure(FailureKind.Transient, error);
        exchange.Attempt!.Fail(failure);
        exchange.GiveUp(exchange.Attempt, failure);
    }
}
