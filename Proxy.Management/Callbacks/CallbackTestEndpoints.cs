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
    internal const string Healthy = "healthy";
    internal const string Unhealthy = "unhealthy";

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
        if (callbacks.Count == 0) return TypedResults.Json(new KeyHealth(Healthy, null), CallbackTestJson.Default.KeyHealth);

        var health = await TestAsync(callbacks, logging, cancellationToken);
        return TypedResults.Json(
            new KeyHealth(health.Status, health with { Callbacks = [.. health.Callbacks.Distinct()] }), CallbackTestJson.Default.KeyHealth);
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
        return TypedResults.Json(await TestAsync(callbacks, logging, cancellationToken), CallbackTestJson.Default.CallbackHealth);
    }

    private static async Task<CallbackHealth> TestAsync(IReadOnlyList<TeamCallback> callbacks, ILogging logging, CancellationToken cancellationToken)
    {
        if (callbacks.Count == 0) return new CallbackHealth([], Healthy, "There is no callback to test.", []);

        var tests = await Task.WhenAll(callbacks.Select(callback => logging.TestAsync(callback, cancellationToken)));
        return new CallbackHealth(
            [.. callbacks.Select(callback => callback.Name)],
            tests.All(test => test.IsHealthy) ? Healthy : Unhealthy,
            string.Join(' ', tests.Select(test => test.Details)),
            [.. callbacks.Zip(tests, TargetHealth.Of)]);
    }
}

/// <param name="Key">Whether the key's calls can be logged.</param>
/// <param name="LoggingCallbacks">What was tested; null when there is nothing.</param>
internal sealed record KeyHealth(string Key, CallbackHealth? LoggingCallbacks);

/// <param name="Callbacks">Their names.</param>
/// <param name="Status">Unhealthy when one is.</param>
/// <param name="Details">The sentences of all.</param>
/// <param name="Targets">Each for itself.</param>
internal sealed record CallbackHealth(IReadOnlyList<string> Callbacks, string Status, string Details, IReadOnlyList<TargetHealth> Targets);

/// <summary>How far a test record came on its way to one target.</summary>
/// <param name="CallbackId">Tells several of one kind apart, as with the callbacks of teams.</param>
/// <param name="Reachable">Whether the target answered.</param>
/// <param name="CredentialsAccepted">Null when nothing says so.</param>
/// <param name="RecordTaken">Whether the record arrived.</param>
/// <param name="Details">A sentence without secrets.</param>
internal sealed record TargetHealth(
    string CallbackName, string CallbackType, string CallbackId, string Status, bool Reachable, bool? CredentialsAccepted, bool RecordTaken, string Details)
{
    public static TargetHealth Of(TeamCallback callback, CallbackTest test) => new(
        callback.Name, callback.TypeText, callback.ShownId, test.IsHealthy ? CallbackTestEndpoints.Healthy : CallbackTestEndpoints.Unhealthy,
        test.IsReached, test.AreCredentialsAccepted, test.IsHealthy, test.Details);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeyHealth))]
[JsonSerializable(typeof(CallbackHealth))]
internal sealed partial class CallbackTestJson : JsonSerializerContext;
