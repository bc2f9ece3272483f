using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
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
        routes.MapPost($"/team/{{**path:regex(^.+{CallbackEnd}$)}}", AccessRule.Admin, AddAsync);
        routes.MapGet($"/team/{{**path:regex(^.+{CallbackEnd}$)}}", AccessRule.AdminOrViewer, ShowAsync);
        routes.MapPost($"/team/{{**path:regex(^.+{DisableEnd}$)}}", AccessRule.Admin, DisableAsync);
    }

    private static async Task<IResult> AddAsync(HttpContext context, TeamChanges changes, string path, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (callback, fault) = CallbackRules.Read(fields!, context.ManagementCaller.IsProxyAdmin);
        if (fault is not null) return new ErrorResult(fault);

        var change = await changes.AddCallbackAsync(
            TeamId(path, CallbackEnd), callback!, context.ManagementCaller.UserId, cancellationToken);
        return change.Error is { } error
            ? new ErrorResult(error)
            : TypedResults.Json(new TeamAnswer("success", TeamView.Of(change.Team!)), TeamJson.Default.TeamAnswer);
    }

    private static async Task<IResult> ShowAsync(TeamStore store, IServiceProvider services, string path, CancellationToken cancellationToken)
    {
        var teamId = TeamId(path, CallbackEnd);
        if (await store.FindAsync(teamId, cancellationToken) is not var (team, _)) return new ErrorResult(TeamErrors.DoesNotExist(teamId));

        var active = team.IsLoggingDisabled ? [] : team.Callbacks;
        return Show(message: null, new TeamCallbacks(
            teamId,
            CallbackView.SuccessNames(active),
            CallbackView.FailureNames(active),
            CallbackView.Vars(team.Callbacks),
            CallbackView.List(active),
            services.GetService<ILogging>()?.EffectOf(team)));
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
