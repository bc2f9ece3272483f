using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Management.Errors;
using Proxy.Management.Resources;

namespace Proxy.Host.Resources;

/// <summary>Finds out which account a call about kept things goes to: the one that has them, or else the one of the model or of the provider that the client names.</summary>
internal sealed class ResourceRouting(ResourceGuard guard)
{
    private const string ModelHeader = "x-litellm-model";
    private const string ProviderHeader = "custom-llm-provider";

    public async ValueTask<ProxyError?> RouteAsync(HttpContext context, Exchange exchange)
    {
        var (request, operation) = (context.Request, exchange.Operation!);
        if (ResourcePath.Read(request, operation) is not { } path) return ExchangeErrors.UnknownPath(request.Path);
        if (!path.Takes(request.Method)) return ResourceErrors.WrongMethod(request.Method, path);

        var isUpload = HttpMethods.IsPost(request.Method) && request.HasFormContentType;
        if (await ReadAsync(context, exchange, isUpload) is { } fault) return fault;

        if (!exchange.Settings.Requests.AllowLaterCost && path.CostsLater(request.Method, exchange.Request!.IsStream)) return ResourceErrors.CostsLater;

        var resource = (Resource?)null;
        var place = exchange.Holder;
        if (path.Id is { } id)
        {
            if (await guard.FindAsync(exchange, id, context.RequestAborted) is not { } found) return ResourceErrors.NotFound(operation.ResourceKind, id);
            if (place is not null && !place.Deployment.SharesAccountWith(found.Place.Deployment)) return ResourceErrors.Elsewhere(exchange.Request!.References[0], found.Resource.Model);
            (resource, place) = (found.Resource, found.Place);
        }

        return Aim(exchange, path, resource, place, isUpload, request);
    }

    private async ValueTask<ProxyError?> ReadAsync(HttpContext context, Exchange exchange, bool isUpload)
    {
        var (body, error) = isUpload ? (new RequestBody([], 0), null)
            : await RequestBodyReader.ReadAsync(context.Request, exchange.Settings.Requests.MaxBodyBytes, context.RequestAborted);
        if (body is null) return error;

        exchange.Request = new CompletionRequest(body);
        if (body.Length == 0) return null;
        if (RequestPeek.Read(exchange.Request, needsModel: false) is { } fault) return fault;

        exchange.Request.References = ReferenceReader.Read(body.Span, exchange.Operation!);
        return await guard.CheckAsync(exchange, context.RequestAborted);
    }

    private static ProxyError? Aim(Exchange exchange, ResourcePath path, Resource? resource, DeploymentPlace? place, bool isUpload, HttpRequest request)
    {
        var asked = exchange.Request!.Model.Length > 0 ? exchange.Request.Model : resource is null ? Named(request) : null;
        if (asked is not null)
        {
            var model = exchange.Caller!.ResolveAlias(asked);
            var found = exchange.Settings.Models.Find(model);
            if (exchange.Caller.FindModelRefusal(model, exchange.Settings.AccessGroups.Of(found?.Cluster.Id)) is { } refusal) return refusal;
            if (found is null) return ExchangeErrors.UnknownModel(model);

            var there = place is null ? ResourcePlaces.In(found.Cluster, exchange.Operation!) : DeploymentPlace.FindAccount(found.Cluster, place.Deployment);
            if (there is null) return place is null ? ExchangeErrors.WrongApi(model, exchange.Operation!) : ResourceErrors.ModelElsewhere(model);

            return Set(exchange, found, new ResourceCall(request.Method, path, there) { Resource = resource, IsUpload = isUpload, UpstreamModel = there.Deployment.UpstreamModel(found) });
        }

        if (place is null)
        {
            var provider = Provider(exchange.Request, request);
            place = ResourcePlaces.Of(provider, exchange);
            if (place is null) return ResourceErrors.NoProvider(provider);
        }

        var match = resource is null ? ResourcePlaces.MatchOf(place.Cluster, exchange.Settings.Models) : ResourcePlaces.MatchOf(resource, place.Cluster, exchange.Settings.Models);
        return exchange.Caller!.FindModelRefusal(match.Model, exchange.Settings.AccessGroups.Of(match.Cluster.Id))
            ?? Set(exchange, match, new ResourceCall(request.Method, path, place) { Resource = resource, IsUpload = isUpload });
    }

    private static ProxyError? Set(Exchange exchange, ModelMatch match, ResourceCall call)
    {
        exchange.Target = match;
        exchange.Request!.Model = match.Model;
        exchange.Resource = call;
        return null;
    }

    private static string? Named(HttpRequest request) =>
        request.Headers[ModelHeader] is [{ Length: > 0 } header, ..] ? header : request.Query["model"] is [{ Length: > 0 } query, ..] ? query : null;

    private static string Provider(CompletionRequest body, HttpRequest request) =>
        request.Headers[ProviderHeader] is [{ Length: > 0 } header, ..] ? header
        : request.Query["custom_llm_provider"] is [{ Length: > 0 } query, ..] ? query
        : body.TextOf(ResourceBody.ProviderName) ?? ProviderNames.OpenAi;
}
