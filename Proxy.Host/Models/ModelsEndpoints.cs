using System.Buffers;
using System.Text.Json;
using Proxy.Host.Configuration;
using Proxy.Host.Exchanges;
using Proxy.Management.Access;
using Proxy.Management.Errors;

namespace Proxy.Host.Models;

/// <summary><c>GET /v1/models</c>: the models that the caller may use.</summary>
internal static class ModelsEndpoints
{
    /// <summary>Clients want a date of birth; models of a gateway have none, so it is the one that LiteLLM's clients know.</summary>
    private const long Created = 1677610602;

    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/v1/models", "/models"])
        {
            routes.MapLazily(HttpMethods.Get, path, ListAsync);
            routes.MapLazily(HttpMethods.Get, path + "/{**model}", GetAsync);
        }
    }

    private static Task ListAsync(HttpContext context, Authenticator authenticator, SettingsSource settings) =>
        AnswerAsync(context, authenticator, (json, caller) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("data");
            foreach (var model in settings.Current.Models.Names.Where(model => MayUse(caller, settings.Current, model)).Order(StringComparer.Ordinal))
                WriteModel(json, model);
            json.WriteEndArray();
            json.WriteString("object", "list");
            json.WriteEndObject();
            return null;
        });

    private static Task GetAsync(HttpContext context, Authenticator authenticator, SettingsSource settings, string model) =>
        AnswerAsync(context, authenticator, (json, caller) =>
        {
            var found = settings.Current.Models.Find(model);
            if (caller.FindModelRefusal(model, settings.Current.AccessGroups.Of(found?.Cluster.Id)) is { } refusal) return refusal;
            if (found is null) return ExchangeErrors.UnknownModel(model) with { Status = StatusCodes.Status404NotFound };

            WriteModel(json, model);
            return null;
        });

    private static bool MayUse(Caller caller, ProxySettings settings, string model) =>
        caller.FindModelRefusal(model, settings.AccessGroups.Of(settings.Models.Find(model)?.Cluster.Id)) is null;

    private static async Task AnswerAsync(HttpContext context, Authenticator authenticator, Func<Utf8JsonWriter, Caller, ProxyError?> write)
    {
        var authentication = await authenticator.AuthenticateAsync(context.Request.Headers, context.RequestAborted);
        var body = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(body);

        if ((authentication.Error ?? FindRouteRefusal(authentication.Caller!) ?? write(json, authentication.Caller!)) is { } error)
        {
            await ErrorWriter.WriteAsync(context, error);
            return;
        }

        await json.FlushAsync(context.RequestAborted);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Whoever may call a model, or look at what is theirs, may know its name.</summary>
    private static ProxyError? FindRouteRefusal(Caller caller) =>
        caller.FindRouteRefusal("/models", RouteKind.Call) is { } refusal && caller.FindRouteRefusal("/models", RouteKind.Information) is not null ? refusal : null;

    private static void WriteModel(Utf8JsonWriter json, string model)
    {
        json.WriteStartObject();
        json.WriteString("id", model);
        json.WriteString("object", "model");
        json.WriteNumber("created", Created);
        json.WriteString("owned_by", "openai");
        json.WriteEndObject();
    }
}
