using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Budgets;
using Proxy.Management.Customers;
using Proxy.Management.Keys;
using Proxy.Management.Models;
using Proxy.Management.Organizations;
using Proxy.Management.Tags;
using Proxy.Management.Teams;
using Proxy.Management.Users;

namespace Proxy.Management.Auditing;

/// <summary>Rows as the API shows them, so that an entry reads like the answers that its reader knows.</summary>
internal sealed class AuditShapes(KeyStore keys, TeamStore teams, ModelStore models)
{
    private static readonly AccountRequest Plain = new("alias", "max_budget", []);

    /// <returns>Null when there is no such row.</returns>
    public JsonObject? Find(DbConnection connection, DbTransaction transaction, AuditedRow row) => row switch
    {
        { Key: { } hash } => keys.Find(connection, transaction, hash) is { } key
            ? JsonSerializer.SerializeToNode(KeyView.WithToken(key), KeyJson.Default.KeyView)!.AsObject()
            : null,
        { Account: { } id } => AccountStore.Find(connection, transaction, id) is { } account ? Show(account) : null,
        { Table: AuditedRow.TeamTable } => teams.Find(connection, transaction, row.Id) is { } team
            ? JsonSerializer.SerializeToNode(TeamView.Of(team), TeamJson.Default.TeamView)!.AsObject()
            : null,
        { Table: AuditedRow.BudgetTable } => SharedBudgetStore.Find(connection, transaction, row.Id) is { } budget ? BudgetEndpoints.Show(budget) : null,
        { Table: AuditedRow.ModelTable } => models.Find(connection, transaction, row.Id) is { } model
            ? JsonSerializer.SerializeToNode(ModelAnswer.Of(model), ModelJson.Default.ModelAnswer)!.AsObject()
            : null,
        _ => null,
    };

    private static JsonObject Show(AccountRow row) => row.AccountId.Kind switch
    {
        AccountKind.User => UserContracts.Request.Show(row, UserContracts.IdField),
        AccountKind.Organization => OrganizationContracts.Request.Show(row, OrganizationContracts.IdField),
        AccountKind.Customer => CustomerContracts.Request.Show(row, CustomerContracts.IdField),
        AccountKind.Tag => TagContracts.Request.Show(row, TagContracts.IdField),
        AccountKind.Member => TeamMembership.Show(row),
        AccountKind.OrganizationMember => OrganizationMemberships.ShowTerms(row),
        _ => Plain.Show(row, "id"),
    };
}
