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
    public const string TeamTable = "LiteLLM_TeamTable";
    public const string BudgetTable = "LiteLLM_BudgetTable";
    public const string ModelTable = "LiteLLM_ProxyModelTable";

    private const string KeyTable = "LiteLLM_VerificationToken";

    /// <summary>The spend of all keys and teams at once: no rows are read for it.</summary>
    public static readonly AuditedRow AllSpend = new(KeyTable, "*", "");

    /// <summary>Which row, as people name it: a member of a team has an id of two parts.</summary>
    public string Shown { get; private init; } = Id;

    public KeyHash? Key { get; private init; }

    public AccountId? Account { get; private init; }

    public static AuditedRow Of(in KeyHash key) => new(KeyTable, key.ToString(), "select * from api_key where key_hash = @id") { Key = key };

    public static AuditedRow Of(in AccountId account) => new(TableOf(account.Kind), account.Id, "select * from account where kind = @kind and id = @id") { Account = account, Shown = account.Shown };

    public static AuditedRow OfTeam(string teamId) => new(TeamTable, teamId, "select * from team where team_id = @id");

    public static AuditedRow OfBudget(string budgetId) => new(BudgetTable, budgetId, "select * from budget where budget_id = @id");

    public static AuditedRow OfModel(string modelId) => new(ModelTable, modelId, "select * from model where model_id = @id");

    /// <summary>What a provider keeps. Nothing of it ever changes; it comes with a call and goes.</summary>
    public static AuditedRow OfResource(string resourceId) => new("LiteLLM_ManagedObjectTable", resourceId, "");

    /// <summary>Records of calls that no log target has taken.</summary>
    public static AuditedRow OfDeadLetters(string which) => new("dead_letter", which, "");

    /// <returns>The columns by name; null when there is no such row.</returns>
    public IDictionary<string, object?>? Read(DbConnection connection, DbTransaction transaction)
    {
        var parameters = new DynamicParameters();
        if (Key is { } key) parameters.Add("id", key.ToArray());
        else parameters.Add("id", Id);
        if (Account is { } account) parameters.Add("kind", account.Scope);

        // As an object: asked for as dynamic, the cast alone would bring the binder of C# into the process.
        return (IDictionary<string, object?>?)connection.QuerySingleOrDefault<object>(Sql, parameters, transaction);
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
