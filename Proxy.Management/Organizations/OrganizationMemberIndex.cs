using System.Data.Common;
using System.Text.Json.Nodes;
using Dapper;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Management.Organizations;

/// <summary>Who is in an organisation. What counts are the rows of the users; this goes with each change of one, in its transaction.</summary>
internal sealed class OrganizationMemberIndex(Database database, MemberAccounts accounts)
{
    private const string SaveSql = """
        insert into organization_member (organization_id, user_id, role, created_at)
        values (@organizationId, @userId, @role, @now)
        on conflict (organization_id, user_id) do update set role = excluded.role
        """;

    private const string DeleteSql = "delete from organization_member where organization_id = @organizationId and user_id = @userId";

    private const string ListSql = """
        select user_id, role, created_at
        from organization_member
        where organization_id = @organizationId
        order by created_at, user_id
        limit 1000
        """;

    /// <summary>The members as answers show them, the oldest first.</summary>
    public async Task<JsonArray> ShowAsync(string organizationId, CancellationToken cancellationToken)
    {
        var terms = (await accounts.ListOfOrganizationAsync(ListSql, organizationId, cancellationToken)).ToDictionary(row => row.AccountId.Part, StringComparer.Ordinal);
        await using var connection = await database.OpenApartAsync(cancellationToken);
        var rows = await connection.QueryAsync<(string UserId, string Role, long CreatedAt)>(
            new CommandDefinition(ListSql, new { organizationId }, cancellationToken: cancellationToken));
        return [.. rows.Select(row =>
        {
            var view = OrganizationMemberships.Show(
                terms.GetValueOrDefault(row.UserId) ?? AccountRequest.New(AccountId.OfOrganizationMember(organizationId, row.UserId), default, by: null), row.Role);
            view["created_at"] = JsonValue.Create(Columns.ToMoment(row.CreatedAt));
            return (JsonNode)view;
        })];
    }

    public static IReadOnlyList<string> ListOrganizations(DbConnection connection, DbTransaction transaction, string userId) =>
        [.. connection.Query<string>("select organization_id from organization_member where user_id = @userId", new { userId }, transaction)];

    public static IReadOnlyList<string> ListUsers(DbConnection connection, DbTransaction transaction, string organizationId) =>
        [.. connection.Query<string>("select user_id from organization_member where organization_id = @organizationId", new { organizationId }, transaction)];

    /// <param name="role">Null takes the user out.</param>
    public static void Save(DbConnection connection, DbTransaction transaction, string organizationId, string userId, string? role, DateTimeOffset now) =>
        connection.Execute(role is null ? DeleteSql : SaveSql, new { organizationId, userId, role, now = now.ToUnixTimeMilliseconds() }, transaction);

    public static void DeleteOfUser(DbConnection connection, DbTransaction transaction, string userId) =>
        connection.Execute("delete from organization_member where user_id = @userId", new { userId }, transaction);
}
