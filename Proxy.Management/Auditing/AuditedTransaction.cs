using System.Data.Common;
using System.Text.Json.Nodes;

namespace Proxy.Management.Auditing;

/// <summary>What all transactions of the audit share.</summary>
internal sealed record AuditDesk(AuditShapes Shapes, AuditIds Ids, TimeProvider Time, bool IsOn);

/// <summary>A transaction that knows who makes its changes. Stores write into nothing else, so that a change that nobody writes down does not compile.</summary>
internal sealed class AuditedTransaction(DbConnection connection, DbTransaction inner, AuditActor? actor, AuditDesk desk)
{
    private readonly Dictionary<AuditedRow, (IDictionary<string, object?>? Columns, JsonObject? Shape)> _before = [];

    /// <summary>For the statements themselves.</summary>
    public DbTransaction Inner { get; } = inner;

    public static implicit operator DbTransaction(AuditedTransaction transaction) => transaction.Inner;

    /// <summary>Call it before the row is written, each time: what stood there at the first time is what the row is compared with at the end.</summary>
    public void Watch(AuditedRow row)
    {
        if (!desk.IsOn || _before.ContainsKey(row)) return;

        var columns = row.Read(connection, Inner);
        _before.Add(row, (columns, columns is null ? null : desk.Shapes.Find(connection, Inner, row)));
    }

    /// <summary>Writes down a change of what nobody reads for it: many rows as one, or what is only ever made and deleted.</summary>
    public void Record(AuditedRow rows, string action, JsonObject? before, JsonObject? after)
    {
        if (desk.IsOn) Write(rows, action, before?.ToJsonString(), after?.ToJsonString());
    }

    /// <summary>Writes down what has become of the rows.</summary>
    public void Close()
    {
        foreach (var (row, (before, shape)) in _before)
        {
            // The columns say whether anything has changed, also what no answer shows.
            var after = row.Read(connection, Inner);
            if (AuditAction.Find(before, after) is not { } action) continue;

            var now = after is null ? null : desk.Shapes.Find(connection, Inner, row);
            Write(row, action, AuditValue.Show(shape, before), AuditValue.Show(now, after));
        }
    }

    private void Write(AuditedRow row, string action, string? before, string? after)
    {
        var now = desk.Time.GetUtcNow();
        AuditLog.Insert(connection, Inner, new AuditRow
        {
            Id = desk.Ids.Next(now),
            ChangedAt = now.ToUnixTimeMilliseconds(),
            ChangedBy = actor?.UserId,
            ChangedByKey = actor?.KeyHash,
            KeyAlias = actor?.KeyAlias,
            ClaimedBy = actor?.Claim,
            Action = action,
            TableName = row.Table,
            ObjectId = row.Shown,
            BeforeValue = before,
            UpdatedValues = after,
        });
    }
}
