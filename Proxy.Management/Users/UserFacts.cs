using System.Text.Json.Nodes;
using Dapper;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Management.Users;

/// <summary>What other rows say of users: the teams that they are in, and how many keys they have.</summary>
internal sealed class UserFacts(Database database)
{
    /// <summary>Users as answers show them, with what their own rows do not hold.</summary>
    public async Task<IReadOnlyList<JsonObject>> ShowAsync(IReadOnlyList<AccountRow> users, CancellationToken cancellationToken)
    {
        if (users.Count == 0) return [];

        var parameters = new DynamicParameters();
        for (var index = 0; index < users.Count; index++) parameters.Add($"id{index}", users[index].Id);

        // Not as one list: the engines take those differently.
        var ids = string.Join(", ", users.Select((_, index) => $"@id{index}"));
        await using var connection = await database.OpenAsync(cancellationToken);
        var counts = (await connection.QueryAsync<(string Id, long Count)>(new CommandDefinition(
            $"select id, key_count from key_count where kind = 'user' and id in ({ids})", parameters, cancellationToken: cancellationToken)))
            .ToDictionary(count => count.Id, count => count.Count, StringComparer.Ordinal);
        var teams = (await connection.QueryAsync<(string User, string Team)>(new CommandDefinition(
            $"select user_id, team_id from team_member where user_id in ({ids}) order by team_id", parameters, cancellationToken: cancellationToken)))
            .ToLookup(member => member.User, member => member.Team, StringComparer.Ordinal);
        return [.. users.Select(user => Show(user, counts.GetValueOrDefault(user.Id), teams[user.Id]))];
    }

    /// <remarks>What the row lists was stated by whoever wrote it; membership is what the teams say.</remarks>
    private static JsonObject Show(AccountRow user, long keys, IEnumerable<string> teams)
    {
        var view = UserContracts.Request.Show(user, UserContracts.IdField);
        var listed = view[UserRows.TeamsField] is JsonArray stated ? stated.Select(team => team?.ToString()).OfType<string>() : [];
        view[UserRows.TeamsField] = new JsonArray([.. listed.Union(teams, StringComparer.Ordinal).Select(team => (JsonNode)team)]);
        view["key_count"] = keys;
        return view;
    }
}
