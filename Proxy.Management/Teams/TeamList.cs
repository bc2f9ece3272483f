using Dapper;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>Reads teams in pages.</summary>
internal sealed class TeamList(Database database, CallbackVault vault, KeyStore keys, MemberAccounts accounts)
{
    /// <summary>The most keys that one list shows with its teams, the oldest first.</summary>
    private const int MaxKeys = 10_000;

    public async Task<(IReadOnlyList<TeamRecord> Teams, long Total)> ReadAsync(TeamFilter filter, TeamPage page, CancellationToken cancellationToken)
    {
        var (condition, parameters) = filter.ToSql();
        Add(page, parameters);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<TeamRow>(new CommandDefinition(
            $"{TeamStore.Select}{condition} {page.ToSql()} limit @size offset @skipped", parameters, cancellationToken: cancellationToken));
        var total = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            $"select count(*) from team {condition}", parameters, cancellationToken: cancellationToken));
        return ([.. rows.Select(row => row.ToRecord(vault))], total);
    }

    /// <summary>As the other, each team with its keys and with what its members may use.</summary>
    public async Task<IReadOnlyList<TeamView>> ReadWholeAsync(TeamFilter filter, TeamPage page, CancellationToken cancellationToken)
    {
        var (teams, _) = await ReadAsync(filter, page, cancellationToken);
        var (condition, parameters) = filter.ToSql();
        Add(page, parameters);
        var ids = $"select team_id from team {condition} {page.ToSql()} limit @size offset @skipped";
        var ofTeams = (await keys.ListOfTeamsAsync(ids, parameters, MaxKeys, cancellationToken)).ToLookup(key => key.Identity.TeamId, KeyView.Of, StringComparer.Ordinal);
        var members = (await accounts.ListOfTeamsAsync(ids, parameters, cancellationToken)).ToLookup(row => row.AccountId.Owner, StringComparer.Ordinal);
        return [.. teams.Select(team => TeamView.Of(team) with
        {
            Keys = [.. ofTeams[team.Identity.TeamId]],
            TeamMemberships = TeamMembership.Show([.. members[team.Identity.TeamId]]),
        })];
    }

    private static void Add(TeamPage page, DynamicParameters parameters)
    {
        parameters.Add("size", page.Size);
        parameters.Add("skipped", page.Skipped);
    }
}
