using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>The accounts of members: what each may use of a team or an organisation.</summary>
internal sealed class MemberAccounts(Database database)
{
    private const string OfTeamSql = AccountStore.Columns + """
        where a.kind = 'team_member' and a.id > @first and a.id < @beyond
        order by a.id
        limit 1000
        """;

    /// <summary>The accounts of a team's members.</summary>
    public async Task<IReadOnlyList<AccountRow>> ListOfTeamAsync(string teamId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var (first, beyond) = AccountId.RangeOf(teamId);
        return [.. await connection.QueryAsync<AccountRow>(
            new CommandDefinition(OfTeamSql, new { first, beyond }, cancellationToken: cancellationToken))];
    }

    /// <summary>The accounts of some members of an organisation.</summary>
    /// <param name="users">A statement that selects their ids, for an <c>@organizationId</c>.</param>
    public async Task<IReadOnlyList<AccountRow>> ListOfOrganizationAsync(string users, string organizationId, CancellationToken cancellationToken)
    {
        var first = AccountId.OfOrganizationMember(organizationId, "").Id;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<AccountRow>(new CommandDefinition(
            $"{AccountStore.Columns}where a.kind = 'organization_member' and a.id in (select @first || user_id from ({users}) as member)",
            new { first, organizationId },
            cancellationToken: cancellationToken))];
    }

    /// <summary>The accounts of the members of several teams.</summary>
    /// <param name="teams">A statement that selects the ids of the teams.</param>
    /// <param name="parameters">Its values.</param>
    public async Task<IReadOnlyList<AccountRow>> ListOfTeamsAsync(string teams, DynamicParameters parameters, CancellationToken cancellationToken)
    {
        parameters.Add("between", AccountId.OfMember("", "").Id);
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<AccountRow>(new CommandDefinition(
            $"{AccountStore.Columns}where a.kind = 'team_member' and a.id in (select team_id || @between || user_id from team_member where team_id in ({teams})) order by a.id",
            parameters,
            cancellationToken: cancellationToken))];
    }
}
