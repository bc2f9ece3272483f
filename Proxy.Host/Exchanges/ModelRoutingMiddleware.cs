using Proxy.Host.Requests;
using Proxy.Management.Errors;
using Yarp.ReverseProxy;

namespace Proxy.Host.Exchanges;

/// <summary>Reads the body once, finds the model that it names, and gives the call to that model's cluster.</summary>
internal sealed class ModelRoutingMiddleware(RequestDelegate next, IProxyStateLookup clusters)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        if (await RouteAsync(context, exchange) is { } error) exchange.Refuse(error);
        else await next(context);
    }

    private async Task<ProxyError?> RouteAsync(HttpContext context, Exchange exchange)
    {
        if (exchange.Operation is null) return ExchangeErrors.UnknownPath(context.Request.Path);
        if (!HttpMethods.IsPost(context.Request.Method)) return ExchangeErrors.WrongMethod(context.Request.Method, context.Request.Path);

        var (body, error) = await RequestBodyReader.ReadAsync(context.Request, exchange.Settings.Requests.MaxBodyBytes, context.RequestAborted);
        if (body is null) return error;

        exchange.Request = new CompletionRequest(body);
        if (RequestPeek.Read(exchange.Request) is { } fault) return fault;

        var model = exchange.Request.Model = exchange.Caller!.ResolveAlias(exchange.Request.Model);
        var found = exchange.Settings.Models.Find(model);
        var groups = exchange.Settings.AccessGroups.Of(found?.Cluster.Id);
        if (exchange.Caller.FindModelRefusal(model, groups) is { } refusal) return refusal;
        if (found is not { } match || !clusters.TryGetCluster(match.Cluster.Id, out var cluster))
            return ExchangeErrors.UnknownModel(model);

        exchange.Cluster = match.Cluster;
        exchange.WildcardMatch = match.WildcardMatch;
        context.ReassignProxyRequest(cluster);
        return null;
    }
}
