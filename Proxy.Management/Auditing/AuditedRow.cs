using System.Data.Common;
using Dapper;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Management.Auditing;

/// <summary>A row whose changes are written down.</summary>
/// <param name="Table">Its table, by the name that clients know.</param>
/// <param name="Id">Which row, as the database names it.</param>
/// <param name="Sql">Reads all of it.</param>
internal sealed record AuditedRow(string Table, string Id, string Sql)
{
    private const string KeyTable = "LiteLLM_VerificationToken";

    /// <summary>The spend of all keys and teams at once: no rows are read for it.</summary>
    public static readonly AuditedRow AllSpend = new(KeyTable, "*", "");

    /// <summary>Which row, as people name it: a member of a team has an id of two parts.</summary>
    public string Shown { get; private init; } = Id;

    private string? Kind { get; init; }

    public static AuditedRow Of(in KeyHash key) => new(KeyTable, key.ToString(), "select * from api_key where key_hash = @id");

    public static AuditedRow Of(in AccountId account) => new(TableOf(account.Kind), account.Id, "select * from account where kind = @kind and id = @id") { Kind = account.Scope, Shown = account.Shown };

    public static AuditedRow OfTeam(string teamId) => new("LiteLLM_TeamTable", teamId, "select * from team where team_id = @id");

    public static AuditedRow OfBudget(string budgetId) => new("LiteLLM_BudgetTable", budgetId, "select * from budget where budget_id = @id");

    public static AuditedRow OfModel(string modelId) => new("LiteLLM_ProxyModelTable", modelId, "select * from model where model_id = @id");

    /// <returns>The columns by name; null when there is no such row.</returns>
    public IDictionary<string, object?>? Read(DbConnection connection, DbTransaction transaction)
    {
        var parameters = new DynamicParameters();
        if (Table == KeyTable) parameters.Add("id", Convert.FromHexString(Id));
        else parameters.Add("id", Id);
        if (Kind is not null) parameters.Add("kind", Kind);
        return (IDictionary<string, object?>?)connection.QuerySingleOrDefault(Sql, parameters, transaction);
    }

    private static string TableOf(AccountKind kind) => kind switch
    {
        AccountKind.User => "LiteLLM_UserTable",
        AccountKind.Organization => "LiteLLM_OrganizationTable",
        AccountKind.Customer => "LiteLLM_EndUserTable",
        AccountKind.Tag => "LiteLLM_TagTable",
        AccountKind.Member => "LiteLLM_TeamMembership",
        AccountKind.OrganizationMember => "LiteLLM_OrganizationMembership",
        _ => kind.ToString(),
    };
}
