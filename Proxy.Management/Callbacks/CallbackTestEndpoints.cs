using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Callbacks;

/// <summary>Whether what is logged arrives: a real record, sent by the real sender.</summary>
internal static class CallbackTestEndpoints
{
    private const string TestEnd = "/callback/test";

    public static void MapCallbackTestEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/key/health", AccessRule.OwnerOrAdmin, CheckKeyAsync);
        routes.MapPost($"/team/{{**path:regex(^.+{TestEnd}$)}}", AccessRule.OwnerOrAdmin, TestTeamAsync);
    }

    /// <summary>The caller's own key, with whatever its calls are logged to.</summary>
    private static async Task<IResult> CheckKeyAsync(HttpContext context, ILogging logging, CancellationToken cancellationToken)
    {
        var caller = context.ManagementCaller;
        var callbacks = caller.Key is { } key ? logging.CallbacksOf(key.Current, caller.Team?.Current) : [];
        if (callbacks.Count == 0) return TypedResults.Json(new KeyHealth("healthy", null), CallbackTestJson.Default.KeyHealth);

        var (isHealthy, details) = await TestAsync(callbacks, logging, cancellationToken);
        var word = isHealthy ? "healthy" : "unhealthy";
        return TypedResults.Json(
            new KeyHealth(word, new CallbackHealth([.. callbacks.Select(callback => callback.Name).Distinct()], word, details)), CallbackTestJson.Default.KeyHealth);
    }

    /// <summary>Each callback of a team, for admins and for the team's own keys.</summary>
    private static async Task<IResult> TestTeamAsync(
        HttpContext context, TeamStore store, ILogging logging, string path, CancellationToken cancellationToken)
    {
        var caller = context.ManagementCaller;
        var teamId = path[..^TestEnd.Length].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

        // Another's team and no team get one answer, so that nobody can find out which teams exist.
        if (!caller.IsProxyAdmin && caller.TeamId != teamId) return new ErrorResult(AuthErrors.NotAdmin(context.Request.Path, caller));
        if (await store.FindAsync(teamId, cancellationToken) is not var (team, _)) return new ErrorResult(TeamErrors.DoesNotExist(teamId));

        var callbacks = team.IsLoggingDisabled ? [] : team.Callbacks;
        var (isHealthy, details) = await TestAsync(callbacks, logging, cancellationToken);
        return TypedResults.Json(
            new CallbackHealth([.. callbacks.Select(callback => callback.Name)], isHealthy ? "healthy" : "unhealthy", details),
            CallbackTestJson.Default.CallbackHealth);
    }

    private static async Task<(bool IsHealthy, string Details)> TestAsync(
        IReadOnlyList<TeamCallback> callbacks, ILogging logging, CancellationToken cancellationToken)
    {
        if (callbacks.Count == 0) return (true, "There is no callback to test.");

        var tests = await Task.WhenAll(callbacks.Select(callback => logging.TestAsync(callback, cancellationToken)));
        return (tests.All(test => test.IsHealthy), string.Join(' ', tests.Select(test => test.Details)));
    }
}

/// <param name="Key">Whether the key's calls can be logged.</param>
/// <param name="LoggingCallbacks">What was tested; null when there is nothing.</param>
internal sealed record KeyHealth(string Key, CallbackHealth? LoggingCallbacks);

internal sealed record CallbackHealth(IReadOnlyList<string> Callbacks, string Status, string Details);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeyHealth))]
[JsonSerializable(typeof(CallbackHealth))]
internal sealed partial class CallbackTestJson : JsonSerializerContext;
