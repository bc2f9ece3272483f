using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Realtime;
using Proxy.Host.Requests;
using Proxy.Host.Requests.Forms;
using Proxy.Host.Resources;
using Proxy.Management.Errors;

namespace Proxy.Host.Exchanges;

/// <summary>Reads the body once, and finds the cluster of the model that it names.</summary>
internal sealed class ModelRoutingMiddleware(RequestDelegate next, ResourceGuard guard, ResourceRouting resources)
{
    public Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        return RouteAsync(context, exchange).FollowAsync(context, exchange, next);
    }

    private async ValueTask<ProxyError?> RouteAsync(HttpContext context, Exchange exchange)
    {
        if (exchange.Operation is null) return ExchangeErrors.UnknownPath(context.Request.Path);
        if (exchange.Operation == ApiOperation.Realtime)
        {
            (exchange.Request, var refusal) = RealtimeRequest.Read(context);
            return refusal ?? Find(exchange);
        }

        if (exchange.Operation.IsResource) return await resources.RouteAsync(context, exchange);

        if (!HttpMethods.IsPost(context.Request.Method)) return ExchangeErrors.WrongMethod(context.Request.Method, context.Request.Path);

        var (body, error) = await RequestBodyReader.ReadAsync(context.Request, exchange.Settings.Requests.MaxBodyBytes, context.RequestAborted);
        if (body is null) return error;

        exchange.Request = new CompletionRequest(body)
        {
            ModelInPath = (context.Request.RouteValues[ApiOperation.ModelInPath] as string)?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase),
        };
        var fault = exchange.Operation.IsForm ? FormPeek.Read(exchange.Request, context.Request.ContentType) : RequestPeek.Read(exchange.Request);
        if ((fault ?? CustomerId.TakeOfMetadata(exchange.Request, exchange.Operation)) is { } refused) return refused;

        if (exchange.Operation.IsPicture && exchange.Request.IsStream) return ExchangeErrors.NoImageStream;

        if (exchange.Operation.Api == ClientApi.Gemini)
        {
            exchange.Request.IsStream = exchange.Operation == ApiOperation.GenerateStream;
            if (exchange.Request.IsStream && context.Request.Query["alt"] != "sse") return ExchangeErrors.OnlyEvents;
        }

        // Embeddings and their like have no stream, whatever a body says.
        exchange.Request.IsStream &= exchange.Operation.IsStreamable;

        if (exchange.Operation == ApiOperation.Speech) exchange.Request.IsStream = IsSpokenInEvents(exchange.Request);
        if (exchange.Operation == ApiOperation.Response)
        {
            if (exchange.Request.IsInBackground) return ExchangeErrors.NoBackground;
            ApplyResponseDefaults(exchange.Request);
        }

        if (exchange.Request.Form is null) exchange.Request.References = ReferenceReader.Read(exchange.Request.Body.Span, exchange.Operation);
        return RoutingReader.Read(exchange.Request.Routing, context.Request.Headers) ?? Find(exchange) ?? CheckFallbacks(exchange)
            ?? await guard.CheckAsync(exchange, context.RequestAborted);
    }

    /// <summary>A response tells its usage unasked, and is kept by the provider unless that is declined.</summary>
    private static void ApplyResponseDefaults(CompletionRequest request)
    {
        request.WantsUsage = true;
        request.IsStored |= !request.Has(FieldKind.Store);
    }

    /// <summary>Speech has a word of its own for what all else calls a stream.</summary>
    private static bool IsSpokenInEvents(CompletionRequest request)
    {
        foreach (var field in request.Fields)
        {
            if (request.NameOf(field).SequenceEqual("stream_format"u8)) return request.ValueOf(field).SequenceEqual("\"sse\""u8);
        }

        return false;
    }

    private static ProxyError? Find(Exchange exchange)
    {
        var model = exchange.Request!.Model = exchange.Caller!.ResolveAlias(exchange.Request.Model);
        var found = exchange.Settings.Models.Find(model);
        if (Refusal(exchange, model, found) is { } refusal) return refusal;
        if (found is not { } match) return ExchangeErrors.UnknownModel(model);
        if (!match.Cluster.Serves(exchange.Operation!) && exchange.Operation != ApiOperation.CountTokens) return ExchangeErrors.WrongApi(model, exchange.Operation!);

        exchange.Target = match;
        return null;
    }

    /// <summary>A client that names fallbacks means its own aliases, and must be allowed each of them.</summary>
    private static ProxyError? CheckFallbacks(Exchange exchange)
    {
        // Most calls name none, and make nothing here.
        var routing = exchange.Request!.Routing;
        if (!routing.HasFallbacks) return null;

        routing.ResolveFallbacks(exchange.Caller!.ResolveAlias);
        foreach (var fallback in routing.AllFallbacks)
        {
            var found = exchange.Settings.Models.Find(fallback);
            if (Refusal(exchange, fallback, found) is { } refusal) return refusal;
            if (found is null) return ExchangeErrors.UnknownModel(fallback) with { Param = "fallbacks" };
        }

        return null;
    }

    private static ProxyError? Refusal(Exchange exchange, string model, ModelMatch? found) =>
        exchange.Caller!.FindModelRefusal(model, exchange.Settings.AccessGroups.Of(found?.Cluster.Id));
}
