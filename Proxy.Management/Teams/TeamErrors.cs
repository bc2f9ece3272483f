using Proxy.Management.Callbacks;
using Proxy.Management.Errors;

namespace Proxy.Management.Teams;

/// <summary>The refusals of the team endpoints, in the words that clients match on.</summary>
internal static class TeamErrors
{
    public static readonly ProxyError NoTeamId = new(
        422, ProxyError.InvalidRequest, "Malformed request. No team id passed in.", "team_id");

    public static ProxyError Exists(string teamId) => ProxyError.BadRequest(
        $"Team id = {teamId} already exists. Please use a different team id.", "team_id");

    public static ProxyError NotFound(string teamId) => ProxyError.NotFound($"Team not found, passed team id: {teamId}.", "team_id");

    public static ProxyError NotYours(string? own, string requested) => new(
        403,
        ProxyError.AuthError,
        $"key not allowed to access this team's info. Key team_id={own ?? "None"}, Requested team_id={requested}",
        "team_id");

    public static ProxyError NotAdminOf(string teamId, string route) => new(
        403, ProxyError.AuthError, $"Call not allowed. User not proxy admin OR team admin. route={route}, team_id={teamId}", "team_id");

    public static ProxyError NotYoursToGovern(string teamId) => new(
        403, ProxyError.AuthError, $"Call not allowed. User not proxy admin OR admin of the team's organization. team_id={teamId}", "team_id");

    public static ProxyError NotYourOrganization(string? organizationId) => new(
        403, ProxyError.AuthError, $"Call not allowed. User not proxy admin OR admin of the organization. organization_id={organizationId ?? "None"}", "organization_id");

    /// <summary>Unknown, where callbacks are added.</summary>
    public static ProxyError DoesNotExistForPost(string teamId) => new(
        400, ProxyError.InternalServerError, $"Team id = {teamId} does not exist. Please use a different team id.", "team_id");

    /// <summary>Unknown, where callbacks are read or disabled.</summary>
    public static ProxyError DoesNotExist(string teamId) => new(
        404, ProxyError.InternalServerError, $"Team id = {teamId} does not exist.", "team_id");

    public static ProxyError NotAMember(string userId) => ProxyError.BadRequest(
        $"User id doesn't exist in team table. user_id={userId}", "user_id");

    public static readonly ProxyError UserNotInTeam = ProxyError.BadRequest("User not found in team", "user_id");

    public static readonly ProxyError AllUsersIsForAdmins = new(403, ProxyError.AuthError, "Only proxy admins add all users to a team.", "all_users");

    public static readonly ProxyError NotYoursToGrant = new(403, ProxyError.AuthError, "Only proxy admin or team admin can modify team models", "team_id");

    public static readonly ProxyError NoModelLeft = ProxyError.BadRequest(
        "The team would have no model left, and an empty list means all of them. Block the team instead, or leave it a model.", "models");

    public static ProxyError AlreadyMember(string teamId, string userId) => new(
        400, "team_member_already_in_team", $"User={userId} already in team. Existing member of team_id={teamId}", "user_id");

    public static ProxyError NotYoursToList(string role) => new(
        401, ProxyError.AuthError, $"Only admin users can query all teams/other teams. Your user role={role}", "user_id");

    public static ProxyError NotFoundPassed(string teamId) => ProxyError.NotFound($"Team not found, passed team_id={teamId}", "team_id");

    public static readonly ProxyError NotYoursToLog = new(403, ProxyError.AuthError, "You do not have access to this team", "team_id");

    public static ProxyError NoSuchCallback(string name) => ProxyError.NotFound($"The team has no callback '{name}'.", "callback_name");

    public static ProxyError ManyCallbacks(string name) => ProxyError.BadRequest(
        $"The team has several callbacks '{name}': say which by 'callback_id', as it is shown with each, or by 'callback_type'.", "callback_id");

    public static ProxyError CallbackExists(string teamId, TeamCallback callback) => new(
        400,
        "bad_request_error",
        $"callback_name = {callback.Name} already exists in team_callback_settings, for team_id = {teamId} and event = {callback.TypeText}",
        "callback_name");
}
