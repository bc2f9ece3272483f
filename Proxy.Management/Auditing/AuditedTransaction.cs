using System.Data.Common;
using Proxy.Management.Storage;

namespace Proxy.Management.Auditing;

/// <summary>A transaction that knows who makes its changes. Stores write into nothing else, so that a change that nobody writes down does not compile.</summary>
internal sealed class AuditedTransaction(DbConnection connection, DbTransaction inner, AuditActor? actor, TimeProvider time, AuditIds ids, bool isOn)
{
    private readonly Dictionary<AuditedRow, IDictionary<string, object?>?> _before = [];

    /// <summary>For the statements themselves.</summary>
    public DbTransaction Inner { get; } = inner;

    public static implicit operator DbTransaction(AuditedTransaction transaction) => transaction.Inner;

    /// <summary>Call it before the row is written, each time: what stood there at the first time is what the row is compared with at the end.</summary>
    public void Watch(AuditedRow row)
    {
        if (isOn && !_before.ContainsKey(row)) _before.Add(row, row.Read(connection, Inner));
    }

    /// <summary>Writes down a change of many rows as one.</summary>
    public void Record(AuditedRow rows, string after)
    {
        if (isOn) Write(rows, AuditAction.Updated, before: null, after);
    }

    /// <summary>Writes down what has become of the rows.</summary>
    public void Close()
    {
        foreach (var (row, before) in _before)
        {
            var after = row.Read(connection, Inner);
            if (AuditAction.Find(before, after) is { } action) Write(row, action, AuditValue.Show(before), AuditValue.Show(after));
        }
    }

    private void Write(AuditedRow row, string action, string? before, string? after)
    {
        var now = time.GetUtcNow();
        AuditLog.Insert(connection, Inner, new AuditRow
        {
            Id = ids.Next(now),
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

/// <summary>The queue of commits for what admins and users change.</summary>
internal sealed class AuditedWriter(CommitQueue queue, TimeProvider time, bool isOn)
{
    private readonly AuditIds _ids = new();

    /// <summary>As <see cref="CommitQueue"/> does it; what the work changes is written down in the same transaction.</summary>
    public Task<T> WriteAsync<T>(Func<DbConnection, AuditedTransaction, T> work, Action<T>? committed, CancellationToken cancellationToken)
    {
        // Taken here: the writer's thread knows nobody.
        var actor = AuditActor.Current;
        return queue.WriteAsync(
            (connection, transaction) =>
            {
                var audited = new AuditedTransaction(connection, transaction, actor, time, _ids, isOn);
                var result = work(connection, audited);
                audited.Close();
                return result;
            },
            committed,
            cancellationToken);
    }
}
