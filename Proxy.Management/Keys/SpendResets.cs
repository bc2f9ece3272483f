using System.Text.Json.Nodes;
using Dapper;
using Proxy.Management.Auditing;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>Sets the spend of every key and every team to nothing, in the rows and in memory at the same place in the order of the commits.</summary>
internal sealed class SpendResets(AuditedWriter queue, KeyRing keys, TeamRing teams)
{
    private const string Sql = """
        update api_key set spend = 0 where spend <> 0;
        update team set spend = 0 where spend <> 0
        """;

    public Task RunAsync(CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            transaction.Record(AuditedRow.AllSpend, AuditAction.Updated, before: null, new JsonObject { ["spend"] = 0 });
            return connection.Execute(Sql, transaction: transaction.Inner);
        },
        _ =>
        {
            keys.ResetSpend();
            teams.ResetSpend();
        },
        cancellationToken);
}
