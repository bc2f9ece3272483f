using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>Says why a key may not come to be, or may not become what a caller asks for. Asked in the transaction of the change, so that nothing comes between.</summary>
internal sealed class KeyGuard(KeyStore keys, TeamStore teams, MasterKey masterKey, KeyGenerationRules rules)
{
    /// <summary>What only an admin of the gateway gives: money, and a place in what is others'.</summary>
    private static readonly string[] ForAdmins = ["spend", "organization_id", "budget_id", "permissions"];

    /// <summary>What an admin of the key's team gives too.</summary>
    private static readonly string[] ForTeamAdmins = ["blocked"];

    /// <summary>What the user of a key changes that somebody else made for them; all else of it was that one's decision.</summary>
    private static readonly string[] ForUsers = ["key", "key_alias", "new_key", "grace_period"];

    /// <summary>Whether two keys would have the same secret or alias, or the key's team is none.</summary>
    /// <param name="old">The row as it was; null for a new key.</param>
    /// <param name="isNewSecret">Whether it has a secret that nobody may have or have had.</param>
    public ProxyError? FindConflict(DbConnection connection, DbTransaction transaction, KeyIdentity? old, KeyIdentity key, bool isNewSecret)
    {
        // What was given up never opens anything again.
        if (isNewSecret && (masterKey.Matches(key.Secret) || keys.FindNamed(connection, transaction, key.Secret) is not null)) return KeyErrors.Exists;
        if (key.Alias is not null && key.Alias != old?.Alias && KeyStore.FindByAlias(connection, transaction, key.Alias) is not null)
            return KeyErrors.AliasExists(key.Alias);

        return key.TeamId is not null && key.TeamId != old?.TeamId && !TeamStore.Exists(connection, transaction, key.TeamId)
            ? KeyErrors.TeamUnknown(key.TeamId)
            : null;
    }

    /// <summary>Whether the caller may make this key, whose secret they get.</summary>
    /// <param name="stated">The fields of the request.</param>
    public ProxyError? FindRefusal(DbConnection connection, DbTransaction transaction, Caller caller, KeyIdentity key, IReadOnlyList<string> stated)
    {
        if (!Covers(caller, key)) return KeyErrors.FieldIsForAdmins("allowed_routes");
        if (key.TeamId is null && rules.FindPersonalRefusal(caller) is { } restricted) return restricted;
        if (rules.FindIncreaseRefusal(old: null, key) is { } over) return over;
        if (caller.IsProxyAdmin) return null;

        var team = TeamOf(connection, transaction, key);
        var route = key.UserId is null ? TeamMemberPermissions.GenerateServiceAccount : TeamMemberPermissions.Generate;
        if (team is not null && team.Members.Has(caller.UserId!) && !caller.IsAdminOf(team) && caller.IsPermittedBy(team, route) == false)
            return KeyErrors.NotPermittedByTeam(team, route);
        if (!caller.MayTakeSecretOf(key, team, route))
            return key.UserId == caller.UserId ? KeyErrors.NotYoursToMake : KeyErrors.OnlyForYourself(key.UserId, caller.UserId);
        if (team is not null && !team.Members.Has(caller.UserId!) && !caller.IsAdminOf(team)) return KeyErrors.NotInTeam(caller.UserId!, team.TeamId);
        if (team is not null && rules.FindTeamRefusal(caller, team) is { } refusal) return refusal;

        return FindField(stated, [.. ForAdmins, .. team is not null && caller.IsAdminOf(team) ? [] : ForTeamAdmins])
            ?? (key.Callbacks.Count > 0 ? FindLogging(caller, team) : null);
    }

    /// <summary>Whether the caller may make this of that key.</summary>
    public ProxyError? FindRefusal(DbConnection connection, DbTransaction transaction, KeyIdentity old, KeyIdentity key, KeyEdit edit)
    {
        var caller = edit.Caller;
        var isWidened = edit.Secret is not null || key.Settings.Routes.ToString() != old.Settings.Routes.ToString();
        if (isWidened && !Covers(caller, key)) return KeyErrors.FieldIsForAdmins("allowed_routes");
        if (rules.FindIncreaseRefusal(old, key) is { } over) return over;
        if (caller.IsProxyAdmin) return key.TeamId is null && old.TeamId is not null ? rules.FindPersonalRefusal(caller) : null;

        var team = TeamOf(connection, transaction, old);
        var isAllowed = edit.Secret is null
            ? caller.MayChange(old, team, TeamMemberPermissions.Update)
            : caller.MayTakeSecretOf(old, team, TeamMemberPermissions.Regenerate);
        if (!isAllowed) return KeyErrors.NotYoursToChange;

        var isTeams = team is not null && caller.IsAdminOf(team);
        if (!isTeams && caller.IsPermittedBy(team, TeamMemberPermissions.Update) != true && old.CreatedBy != caller.UserId && edit.Stated.FirstOrDefault(name => !ForUsers.Contains(name)) is { } decided)
            return KeyErrors.FieldIsForAdmins(decided);

        return FindField(edit.Stated, [.. ForAdmins, .. isTeams ? [] : ForTeamAdmins])
            ?? (key.UserId != old.UserId ? KeyErrors.FieldIsForAdmins("user_id") : null)
            ?? (key.TeamId != old.TeamId ? FindMove(connection, transaction, caller, key) : null)
            ?? (edit.Callbacks is not null ? FindLogging(caller, team) : null);
    }

    /// <summary>A key that is good for some routes only gives nobody more, whoever its user is.</summary>
    private static bool Covers(Caller caller, KeyIdentity key) => caller.Key is not { } own || own.Current.Settings.Routes.Covers(key.Settings.Routes);

    /// <summary>Whether the caller may stop a key's calls, or let them go on.</summary>
    public bool MayBlock(DbConnection connection, DbTransaction transaction, Caller caller, KeyIdentity key, bool isBlocked) =>
        caller.IsProxyAdmin
        || (TeamOf(connection, transaction, key) is { } team
            && (caller.IsAdminOf(team) || caller.IsPermittedBy(team, isBlocked ? TeamMemberPermissions.Block : TeamMemberPermissions.Unblock) == true));

    public bool MayDelete(DbConnection connection, DbTransaction transaction, Caller caller, KeyIdentity key) =>
        caller.MayChange(key, TeamOf(connection, transaction, key), TeamMemberPermissions.Delete);

    private static ProxyError? FindField(IReadOnlyList<string> stated, string[] forOthers) =>
        stated.FirstOrDefault(forOthers.Contains) is { } field ? KeyErrors.FieldIsForAdmins(field) : null;

    /// <summary>A key's own callbacks go before its team's, so they are the team's to give.</summary>
    private static ProxyError? FindLogging(Caller caller, TeamIdentity? team) =>
        team is not null && caller.IsAdminOf(team) ? null : KeyErrors.FieldIsForAdmins("metadata.logging");

    /// <summary>A key that comes into a team, or out of one, is like one that is made there.</summary>
    private ProxyError? FindMove(DbConnection connection, DbTransaction transaction, Caller caller, KeyIdentity key)
    {
        if (key.TeamId is null) return rules.FindPersonalRefusal(caller);
        if (TeamOf(connection, transaction, key) is not { } team) return null;

        return caller.IsAdminOf(team) ? rules.FindTeamRefusal(caller, team)
            : !team.Members.Has(caller.UserId!) ? KeyErrors.NotInTeam(caller.UserId!, team.TeamId)
            : caller.IsPermittedBy(team, TeamMemberPermissions.Generate) == false ? KeyErrors.NotPermittedByTeam(team, TeamMemberPermissions.Generate)
            : rules.FindTeamRefusal(caller, team);
    }

    private TeamIdentity? TeamOf(DbConnection connection, DbTransaction transaction, KeyIdentity key) =>
        key.TeamId is null ? null : teams.Find(connection, transaction, key.TeamId)?.Identity;
}
