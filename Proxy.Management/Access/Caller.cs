using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Teams;

namespace Proxy.Management.Access;

/// <summary>Who is calling: the holder of a key, or of the master key. It always shows the latest rows.</summary>
public sealed class Caller
{
    /// <summary>The user in whose name the master key acts.</summary>
    public const string AdminUserId = "default_user_id";

    private const int MaxModelInMessage = 256;

    internal Caller(KeyState? key) => Key = key;

    /// <summary>Null for the master key.</summary>
    public KeyState? Key { get; }

    public TeamState? Team => Key?.Team;

    /// <summary>The role of the key's user, as of the latest change of it.</summary>
    public Role Role => Key is null ? Role.ProxyAdmin : Key.User?.Terms.Role ?? Role.None;

    /// <summary>The master key, or the key of a user who is an admin.</summary>
    public bool IsProxyAdmin => Role == Role.ProxyAdmin;

    public string? UserId => Key is null ? AdminUserId : Key.Current.UserId;

    /// <summary>Null for the master key, whose hash is not kept in any row.</summary>
    public KeyHash? KeyHash => Key?.Current.Hash;

    public string? KeyAlias => Key?.Current.Alias;

    public string? TeamId => Team?.Current.TeamId;

    public string? TeamAlias => Team?.Current.Alias;

    public string? OrganizationId => Key?.Current.OrganizationId ?? Team?.Current.OrganizationId;

    /// <summary>The tags that every call of the key and of its team carries.</summary>
    public IEnumerable<string> Tags => (Key?.Current.Settings.Tags ?? []).Concat(Team?.Current.Settings.Tags ?? []);

    internal static Caller Master { get; } = new(key: null);

    /// <summary>The model that a name stands for with this caller: an alias of the key first, then one of its team. An alias of an alias is none.</summary>
    public string ResolveAlias(string model) =>
        Key?.Current.Settings.Aliases.GetValueOrDefault(model) ?? Team?.Current.Settings.Aliases.GetValueOrDefault(model) ?? model;

    /// <returns>Why the caller may not use the model, or null when it may.</returns>
    public ProxyError? FindModelRefusal(string model) => FindModelRefusal(model, []);

    /// <param name="groups">The access groups that the model is in.</param>
    /// <returns>Why the caller may not use the model, or null when it may.</returns>
    public ProxyError? FindModelRefusal(string model, IReadOnlyList<string> groups)
    {
        if (Key is null) return null;

        var key = Key.Current.ModelList;
        var team = Team?.Current;
        if (!key.Allows(model, groups) && !(key.IsTeams && team is not null)) return KeyRefusal(key, model);

        if (team is not null && !team.ModelList.Allows(model, groups)) return TeamRefusal(team, model);
        if (team is null && Key.User?.Terms.Models is { } user && !user.Allows(model, groups)) return UserRefusal(user, model);

        return Key.Organization?.Terms.Models is { } organization && !organization.Allows(model, groups) ? OrganizationRefusal(organization, model) : null;
    }

    /// <param name="route">The pattern of the routed endpoint, or the path that stands for an operation.</param>
    /// <param name="kind">What it is.</param>
    /// <returns>Why the key may not be used for this, or null.</returns>
    public ProxyError? FindRouteRefusal(string route, RouteKind kind)
    {
        if (Key is null) return null;
        if (kind == RouteKind.Call && Role == Role.ProxyAdminViewer) return AuthErrors.ViewerMayNot(route);

        var routes = Key.Current.Settings.Routes;
        return routes.Allows(route, kind) ? null : AuthErrors.RouteNotAllowed(route, routes);
    }

    private static ProxyError KeyRefusal(ModelList allowed, string model) => new(
        401,
        "key_model_access_denied",
        $"key not allowed to access model. This key can only access models={allowed}. Tried to access {Shorten(model)}",
        "model");

    private static ProxyError TeamRefusal(TeamIdentity team, string model) => new(
        401,
        "team_model_access_denied",
        $"Team not allowed to access model. Team={team.TeamId}, Model={Shorten(model)}. Allowed team models = {team.ModelList}",
        "model");

    /// <remarks>A user's list holds for their own keys: within a team the team's does.</remarks>
    private static ProxyError UserRefusal(ModelList allowed, string model) => new(
        401,
        "user_model_access_denied",
        $"user not allowed to access model. This user can only access models={allowed}. Tried to access {Shorten(model)}",
        "model");

    private static ProxyError OrganizationRefusal(ModelList allowed, string model) => new(
        401,
        "org_model_access_denied",
        $"organization not allowed to access model. This organization can only access models={allowed}. Tried to access {Shorten(model)}",
        "model");

    private static string Shorten(string model) => model.Length > MaxModelInMessage ? model[..MaxModelInMessage] : model;
}
