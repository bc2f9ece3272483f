using System.Data.Common;
using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>Which teams a user is in. What counts are the rows of the teams; this goes with each change of one, in its transaction.</summary>
internal sealed class TeamMemberIndex(Database database)
{
    /// <summary>The ids of the teams that <c>@user</c> is in.</summary>
    public const string TeamsOfUserSql = "select team_id from team_member where user_id = @user";

    private const string DeleteSql = "delete from team_member where team_id = @teamId";

    private const string InsertSql = """
        insert into team_member (user_id, team_id, role)
        values (@userId, @teamId, @role)
        """;

    /// <summary>The teams that a user is in, in the order of their ids.</summary>
    public async Task<IReadOnlyList<string>> ListTeamsAsync(string user, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        return [.. await connection.QueryAsync<string>(new CommandDefinition($"{TeamsOfUserSql} order by team_id", new { user }, cancellationToken: cancellationToken))];
    }

    public static IReadOnlyList<string> ListTeams(DbConnection connection, DbTransaction transaction, string user) =>
        [.. connection.Query<string>($"{TeamsOfUserSql} order by team_id", new { user }, transaction)];

    public static IReadOnlyList<string> ListUsers(DbConnection connection, DbTransaction transaction, string teamId) =>
        [.. connection.Query<string>("select user_id from team_member where team_id = @teamId", new { teamId }, transaction)];

    /// <param name="old">The members as they were; null for a new team.</param>
    public static void Save(DbConnection connection, DbTransaction transaction, TeamIdentity team, TeamMembers? old)
    {
        if (old?.IsSameAs(team.Members) == true) return;

        if (old is not null) Delete(connection, transaction, team.TeamId);
        connection.Execute(InsertSql, team.Members.Roles.Select(member => new { userId = member.Key, teamId = team.TeamId, role = member.Value }), transaction);
    }

    public static void Delete(DbConnection connection, DbTransaction transaction, string teamId) => connection.Execute(DeleteSql, new { teamId }, transaction);
}
