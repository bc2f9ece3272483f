using Dapper;
using Microsoft.Extensions.Logging;
using Proxy.Management.Storage;

namespace Proxy.Management.Auditing;

/// <summary>Lets entries of the audit go that are older than the operator wants them; without such a wish they stay for ever.</summary>
/// <param name="days">How long entries stay; null for ever.</param>
internal sealed partial class AuditRetention(CommitQueue queue, TimeProvider time, int? days, ILogger<AuditRetention> logger)
{
    /// <summary>Little enough that nobody waits behind it.</summary>
    private const int RowsAtOnce = 1000;

    private const string DeleteSql = """
        delete from audit_log
        where audit_id in (select audit_id from audit_log where audit_id < @bound order by audit_id limit @limit)
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private DateTimeOffset _next = DateTimeOffset.MinValue;

    /// <summary>One look, if it is time for one.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (days is not { } most || now < _next) return;

        // Ids grow with time, so their own order finds the old ones.
        var parameters = new { bound = AuditIds.FirstAt(now - TimeSpan.FromDays(most)), limit = RowsAtOnce };
        var (gone, count) = (0, RowsAtOnce);
        while (count == RowsAtOnce)
        {
            count = await queue.WriteAsync((connection, transaction) => connection.Execute(DeleteSql, parameters, transaction), cancellationToken);
            gone += count;
        }

        _next = now + Interval;
        if (gone > 0) LogPruned(gone, most);
    }

    [LoggerMessage(LogLevel.Information, "{Count} entries of the audit were older than {Days} days and are gone.")]
    private partial void LogPruned(int count, int days);
}
