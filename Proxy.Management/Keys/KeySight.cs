using System.Text.Json;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>Narrows a list to the keys that its caller may see.</summary>
internal sealed class KeySight(AccountStore users, TeamRing teams)
{
    /// <remarks>A team's keys are shown to its admins, when they ask for the team or for all of theirs.</remarks>
    public async Task<KeyFilter> NarrowAsync(KeyListQuery query, Caller caller, CancellationToken cancellationToken)
    {
        if (caller.SeesAll) return query.Filter;

        var asked = query.Filter.TeamId is { } team ? [team] : query.IncludesTeams ? await TeamsOfAsync(caller, cancellationToken) : [];
        var administered = new List<string>();
        foreach (var teamId in asked)
        {
            if (await teams.FindAsync(teamId) is { } found && caller.IsAdminOf(found.Current)) administered.Add(teamId);
        }

        return query.Filter with { Eyes = new KeyEyes(caller.KeyHash, caller.UserId, administered, query.IncludesMade) };
    }

    private async Task<IReadOnlyList<string>> TeamsOfAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (caller.UserId is not { } user || await users.FindAsync(new AccountId(AccountKind.User, user), cancellationToken) is not { } row) return [];

        using var details = JsonDocument.Parse(row.Details);
        return details.RootElement.TryGetProperty("teams", out var listed) && listed.ValueKind == JsonValueKind.Array
            ? [.. listed.EnumerateArray().Where(team => team.ValueKind == JsonValueKind.String).Select(team => team.GetString()!)]
            : [];
    }
}
