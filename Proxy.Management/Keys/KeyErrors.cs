using System.Globalization;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>The refusals of the key endpoints, in the words that clients match on.</summary>
internal static class KeyErrors
{
    public static readonly ProxyError NotFound = ProxyError.NotFound("Key not found in database", "key");

    public static readonly ProxyError InvalidFormat = ProxyError.BadRequest(
        "Invalid key format. Pass a key that starts with 'sk-', or the 64 hexadecimal digits of its hash.", "key");

    public static readonly ProxyError Exists = new(
        409, ProxyError.BadRequestType, "This key exists already. Choose another value, or leave 'key' out to get a new one.", "key");

    public static readonly ProxyError NotYours = new(
        403, ProxyError.AuthError, "You are not allowed to access this key's info. Your role=unknown", "key");

    public static readonly ProxyError NothingToDelete = new(
        422, ProxyError.InvalidRequest, "Pass at least one of 'keys' and 'key_aliases'.", "keys");

    public static readonly ProxyError Unknown = new(
        401, AuthErrors.UnknownKeyType, "Authentication Error, Invalid proxy server token passed. The key is not found in db.", "key");

    public static readonly ProxyError UnknownForUpdate = new(
        401, AuthErrors.UnknownKeyType, "Authentication Error: invalid user key - user key does not exist in db.", "key");

    public static ProxyError AliasExists(string alias) => new(
        400,
        ProxyError.BadRequestType,
        $"Key with alias '{alias}' already exists. Unique key aliases across all keys are required.",
        "key_alias");

    public static ProxyError TeamUnknown(string teamId) => ProxyError.BadRequest(
        $"Unable to find team object in database. Team ID: {teamId}", "team_id");

    public static readonly ProxyError NoKeysPassed = new(422, ProxyError.InvalidRequest, "Malformed request. No keys passed in.", "keys");

    public static readonly ProxyError NotAnObject = new(422, ProxyError.InvalidRequest, "Each of 'keys' must be an object with a 'key'.", "keys");

    public static ProxyError TooMany(string field, int most) => new(422, ProxyError.InvalidRequest, $"'{field}' must not have more than {most} entries.", field);

    public static ProxyError NotAllowed(string? message) => new(403, ProxyError.AuthError, message ?? "Authentication Failed - Custom Auth Rule");

    public static readonly ProxyError NotYoursToMake = new(403, ProxyError.AuthError, "You are not allowed to make keys.");

    public static readonly ProxyError NotYoursToChange = new(403, ProxyError.AuthError, "You are not allowed to change this key.", "key");

    public static readonly ProxyError NotYoursToDelete = new(403, ProxyError.AuthError, "You are not authorized to delete this key. Nothing was deleted.", "keys");

    public static ProxyError OnlyForYourself(string? userId, string? yours) => new(
        403, ProxyError.AuthError, $"User can only create keys for themselves. Got user_id={userId ?? "None"}, Your ID={yours ?? "None"}", "user_id");

    public static ProxyError NotPermittedByTeam(TeamIdentity team, string route) => new(
        401,
        "team_member_permission_error",
        $"Team member does not have permissions for endpoint: {route}. You only have access to the following endpoints: {Show(team.MemberPermissions.Routes)} for team {team.TeamId}.",
        "team_id");

    public static ProxyError NotInTeam(string userId, string teamId) => ProxyError.BadRequest($"User={userId} not assigned to team={teamId}", "team_id");

    public static ProxyError OverBound(string field, object value, object bound) => new(
        400, ProxyError.AuthError, string.Create(CultureInfo.InvariantCulture, $"{field} is over max limit set in config - user_value={value}; max_value={bound}"), field);

    public static ProxyError ParamMissing(string field) => new(400, ProxyError.AuthError, $"Required param {field} not in data", field);

    public static ProxyError PersonalKeysRestricted(IReadOnlyList<string> allowed, Role role) => new(
        400, ProxyError.AuthError, $"Personal key creation has been restricted by admin. Allowed roles={Show(allowed)}. Your role={RoleNames.Of(role)}", "team_id");

    public static ProxyError TeamRoleNotAllowed(IReadOnlyList<string> allowed, string role) => new(
        400, ProxyError.AuthError, $"Team member role {role} not in allowed_team_member_roles={Show(allowed)}", "team_id");

    public static ProxyError FieldIsForAdmins(string field) => new(403, ProxyError.AuthError, $"You are not allowed to set '{field}' of this key.", field);

    public static ProxyError BudgetUnknown(string budgetId) => ProxyError.BadRequest($"There is no budget_id '{budgetId}'.", "budget_id");

    public static ProxyError NoKeysFound(int missing, int asked) => ProxyError.NotFound(
        $"No keys found: {missing} of the {asked} that were passed are not in the database. Nothing was deleted.", "keys");

    private static string Show(IEnumerable<string> words) => $"[{string.Join(", ", words.Select(word => $"'{word}'"))}]";
}
