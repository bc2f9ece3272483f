using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;

namespace Proxy.Management.Teams;

/// <summary>Where a team's calls are logged.</summary>
/// <remarks>A team id may hold slashes, so the whole rest of the path is taken and the last word cut off.</remarks>
internal static class TeamCallbackEndpoints
{
    private const string CallbackEnd = "/callback";
    private const string DisableEnd = "/disable_logging";

    public static void MapTeamCallbackEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost($"/team/{{**path:regex(^.+{CallbackEnd}$)}}", AccessRule.Manager, AddAsync);
        routes.MapGet($"/team/{{**path:regex(^.+{CallbackEnd}$)}}", AccessRule.OwnerOrAdmin, ShowAsync);
        routes.MapDelete($"/team/{{**path:regex(^.+{CallbackEnd}/[^/]+$)}}", AccessRule.Manager, RemoveAsync);
        routes.MapPost($"/team/{{**path:regex(^.+{DisableEnd}$)}}", AccessRule.Admin, DisableAsync);
    }

    private static async Task<IResult> AddAsync(HttpContext context, TeamChanges changes, string path, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (callback, fault) = CallbackRules.Read(fields!, context.ManagementCaller.IsProxyAdmin);
        if (fault is not null) return new ErrorResult(fault);

        var change = await changes.AddCallbackAsync(
            TeamId(path, CallbackEnd), callback!, context.ManagementCaller, cancellationToken);
        return change.Error is { } error
            ? new ErrorResult(error)
            : TypedResults.Json(new TeamAnswer("success", TeamView.Of(change.Team!)), TeamJson.Default.TeamAnswer);
    }

    private static async Task<IResult> RemoveAsync(
        HttpContext context,
        TeamChanges changes,
        string path,
        [FromQuery(Name = "callback_id")] string? id,
        [FromQuery(Name = "callback_type")] string? type,
        CancellationToken cancellationToken)
    {
        var end = path.LastIndexOf('/');
        var (teamId, name) = (TeamId(path[..end], CallbackEnd), path[(end + 1)..]);
        var change = await changes.RemoveCallbackAsync(teamId, Choose, context.ManagementCaller, cancellationToken);
        return change.Error is { } error
            ? new ErrorResult(error)
            : Show($"Callback {name} deleted for team {teamId}", ViewOf(change.Team!.Identity, effective: null));

        // Of entries that look the same but for their secrets, the first goes.
        (TeamCallback?, ProxyError?) Choose(IReadOnlyList<TeamCallback> callbacks)
        {
            var named = callbacks.Where(callback => callback.Name == name && (type is null || callback.TypeText == type) && (id is null || callback.ShownId == id)).ToList();
            return named.Count == 0 ? (null, TeamErrors.NoSuchCallback(name))
                : named.DistinctBy(callback => callback.ShownId).Skip(1).Any() ? (null, TeamErrors.ManyCallbacks(name))
                : (named[0], null);
        }
    }

    private static async Task<IResult> ShowAsync(HttpContext context, TeamStore store, IServiceProvider services, string path, CancellationToken cancellationToken)
    {
        var teamId = TeamId(path, CallbackEnd);
        var (caller, team) = (context.ManagementCaller, (await store.FindAsync(teamId, cancellationToken))?.Identity);
        if (!caller.SeesAll && (team is null || !caller.MayManage(team))) return new ErrorResult(TeamErrors.NotYoursToLog);
        if (team is null) return new ErrorResult(TeamErrors.DoesNotExist(teamId));

        return Show(message: null, ViewOf(team, services.GetService<ILogging>()?.EffectOf(team)));
    }

    private static TeamCallbacks ViewOf(TeamIdentity team, JsonObject? effective)
    {
        var active = team.IsLoggingDisabled ? [] : team.Callbacks;
        return new TeamCallbacks(
            team.TeamId,
            CallbackView.SuccessNames(active),
            CallbackView.FailureNames(active),
            CallbackView.Vars(team.Callbacks),
            CallbackView.ListWithIds(active),
            effective);
    }

    private static async Task<IResult> DisableAsync(
        HttpContext context, TeamChanges changes, IServiceProvider services, string path, CancellationToken cancellationToken)
    {
        var teamId = TeamId(path, DisableEnd);
        var change = await changes.DisableLoggingAsync(teamId, context.ManagementCaller.UserId, cancellationToken);
        if (change.Error is { } error) return new ErrorResult(error);

        // Nothing new is written from here on; what waits goes before the answer does.
        if (services.GetService<ILogging>() is { } logging) await logging.PurgeAsync(teamId, CancellationToken.None);
        return Show($"Logging disabled for team {teamId}", new TeamCallbacks(teamId, [], [], CallbackVars: null, Callbacks: null, Effective: null));
    }

    private static JsonHttpResult<TeamCallbacksAnswer> Show(string? message, TeamCallbacks callbacks) => TypedResults.Json(
        new TeamCallbacksAnswer("success", message, callbacks), TeamJson.Default.TeamCallbacksAnswer);

    /// <remarks>An escaped slash is the one escape that the server leaves in a path.</remarks>
    private static string TeamId(string path, string end) => path[..^end.Length].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
