using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Proxy.Management.Auditing;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Users;

/// <summary>The rows of users as others need them: who is put into a team is a user from then on.</summary>
internal static class UserRows
{
    public const string EmailField = "user_email";
    public const string TeamsField = "teams";

    private const string ByEmailSql = """
        select id as Id, details as Details
        from account
        where kind = 'user' and details like @part escape '\'
        order by created_at, id
        """;

    /// <summary>The user with an address of mail, the oldest where several have it.</summary>
    public static string? FindByEmail(DbConnection connection, DbTransaction? transaction, string email)
    {
        // The part narrows; what the row says decides.
        var json = JsonValue.Create(email).ToJsonString();
        var part = $"%{json.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
        return connection.Query<(string Id, string Details)>(ByEmailSql, new { part }, transaction)
            .FirstOrDefault(row => Text(row.Details, EmailField) == email).Id;
    }

    /// <summary>The row of a user, made where there is none or where calls alone have made it.</summary>
    /// <returns>The row, and whether it is new.</returns>
    public static (AccountRow Row, bool IsNew) Ensure(
        DbConnection connection, AuditedTransaction transaction, string userId, string? email, BudgetCalendar calendar, DateTimeOffset now, string? by)
    {
        var id = new AccountId(AccountKind.User, userId);
        var old = AccountStore.Find(connection, transaction, id);
        if (old is { UpdatedBy: not null }) return (old, false);

        var row = UserContracts.Request.Apply(FieldReader.Empty(), old ?? AccountRequest.New(id, now, by), calendar, now, by ?? userId);
        if (email is not null) row = row with { Details = With(row.Details, EmailField, email) };
        AccountStore.Save(connection, transaction, row);
        return (AccountStore.Find(connection, transaction, id)!, true);
    }

    /// <summary>Takes a team out of what the row of a user lists.</summary>
    public static void LeaveTeam(DbConnection connection, AuditedTransaction transaction, string userId, string teamId)
    {
        var row = AccountStore.Find(connection, transaction, new AccountId(AccountKind.User, userId));
        if (row is null || JsonNode.Parse(row.Details)![TeamsField] is not JsonArray teams) return;

        var kept = teams.Where(team => team?.ToString() != teamId).Select(team => team?.DeepClone()).ToArray();
        if (kept.Length < teams.Count) AccountStore.Save(connection, transaction, row with { Details = With(row.Details, TeamsField, new JsonArray(kept)) });
    }

    /// <summary>The address of mail in the row of a user.</summary>
    public static string? FindEmail(AccountRow user) => Text(user.Details, EmailField);

    public static string With(string details, string name, JsonNode value)
    {
        var changed = JsonNode.Parse(details)!.AsObject();
        changed[name] = value;
        return changed.ToJsonString();
    }

    private static string? Text(string details, string name)
    {
        using var document = JsonDocument.Parse(details);
        return document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
