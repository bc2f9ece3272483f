using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Proxy.Host.Configuration;
using Proxy.Management.Access;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;

namespace Proxy.Host.LogDesk;

/// <summary>What admins see and try of the callbacks that proxy.json names for everybody.</summary>
internal static class CallbackDesk
{
    public static void MapCallbackDesk(this IEndpointRouteBuilder routes)
    {
        routes.MapAdminGroup("/health").MapLazily(HttpMethods.Get, "/services", TestServiceAsync);
        routes.MapAdminGroup("/active").MapLazily(HttpMethods.Get, "/callbacks", ListCallbacks);
    }

    /// <summary>Sends a test record to each target of the gateway that is of this kind, by the way of all records.</summary>
    private static async Task<IResult> TestServiceAsync(ILogging logging, SettingsSource settings, string? service, CancellationToken cancellationToken)
    {
        if (service is null || !CallbackNeeds.Names.Contains(service))
            return LogDeskEndpoints.Refuse(ProxyError.BadRequest($"The service must be one of {string.Join(", ", CallbackNeeds.Names)}.", "service"));

        var details = new List<string>();
        foreach (var callback in settings.Current.Logging.Callbacks.Where(callback => callback.Name == service))
        {
            var test = await logging.TestAsync(callback, cancellationToken);
            if (!test.IsHealthy) return LogDeskEndpoints.Refuse(new ProxyError(StatusCodes.Status503ServiceUnavailable, "service_unavailable", test.Details));
            details.Add(test.Details);
        }

        return details.Count > 0
            ? Json(new JsonObject { ["status"] = "success", ["message"] = string.Join(' ', details) })
            : LogDeskEndpoints.Refuse(new ProxyError(
                StatusCodes.Status422UnprocessableEntity, "invalid_request_error", $"No target of 'CompletionLog:Targets' is a '{service}'; those of teams are tried at /team/{{id}}/callback/test."));
    }

    private static ContentHttpResult ListCallbacks(SettingsSource settings)
    {
        var callbacks = settings.Current.Logging.Callbacks;
        return Json(new JsonObject
        {
            ["litellm.callbacks"] = Names(callbacks.Where(callback => callback.IsForSuccess && callback.IsForFailure)),
            ["litellm.success_callback"] = Names(callbacks.Where(callback => callback.IsForSuccess)),
            ["litellm.failure_callback"] = Names(callbacks.Where(callback => callback.IsForFailure)),
            ["num_callbacks"] = callbacks.Count,
        });
    }

    private static JsonArray Names(IEnumerable<TeamCallback> callbacks) => [.. callbacks.Select(callback => (JsonNode)callback.Name).DistinctBy(name => name.ToString())];

    private static ContentHttpResult Json(JsonObject body) => TypedResults.Text(body.ToJsonString(), "application/json");
}
