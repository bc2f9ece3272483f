using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Npgsql;
using Proxy.Management.Budgets;
using Proxy.Management.Resources;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>Writes entries at once, and what they add to their scopes when that is due, so that each row is updated once for many calls.</summary>
/// <remarks>
/// <para>Which calls are in no sum yet stands in <c>spend_unsummed</c>, in the commit of their entries. Memory has their sums, and whenever a transaction may not
/// have come to what was meant, and at the start, they are made again from that table.</para>
/// <para>Touched by the writer's thread only. Budget: under 10 µs of CPU for an entry, so the commands are prepared once and reused.</para>
/// </remarks>
internal sealed partial class SpendWriter(TimeProvider time, ILogger logger) : IDeferredWrites
{
    // So that a commit is not long, and what a start has to sum is read at once.
    private const int MaxRows = 1_000;
    private const int MaxCalls = 8_000;

    private const string Savepoint = "sums";

    // Calls of this transaction that are neither in the sums below nor in the table.
    private readonly List<Charge> _charges = [];

    // Of the calls in the table; good when memory is certain.
    private readonly SpendSums _sums = new();
    private bool _isCertain;

    // The rows of the table: those up to the second are summed, which is committed.
    private long _lastRow;
    private long _summedRow;

    // The last one that rode in this transaction, who speaks for all of them.
    private ICommitRider? _rider;
    private DbConnection? _connection;
    private ISpendStatements _statements = null!;

    // Set by the writer, read by anybody.
    private volatile bool _isSettled;

    /// <inheritdoc/>
    public bool IsSettled => _isSettled;

    private bool IsDue => !_isCertain || _sums.Rows >= MaxRows || _sums.Calls + _charges.Count >= MaxCalls;

    public void Write(WriteSession session, SpendEntry entry, long picos, Reservation? reservation, ICommitRider? rider)
    {
        Prepare(session.Connection);
        _isSettled = false;
        _statements.Insert(entry, picos);
        _charges.Add(Charge.Of(entry, picos, reservation));
        if (entry.Resources.Count > 0) ResourceRows.Insert(session.Connection, session.Transaction, entry.Resources);
        if (entry.Settled is { } settled) ResourceRows.Settle(session.Connection, session.Transaction, settled);

        // Before it writes: one that fails half-way has something to forget.
        _rider = rider ?? _rider;
        rider?.Write(session.Connection, session.Transaction);
    }

    public void Flush(WriteSession session)
    {
        if (_charges.Count > 0)
        {
            if (IsDue)
            {
                Settle(session);
                return;
            }

            _statements.InsertUnsummed(++_lastRow, UnsummedCalls.ToRow(_charges));
            TakeCharges();
            _statements.Flush(session.Transaction);
        }

        FlushRider(session);
    }

    public void Settle(WriteSession session)
    {
        Prepare(session.Connection);
        _statements.Flush(session.Transaction);
        var isKept = _sums.Calls > 0 || !_isCertain;
        if (!_isCertain) ReadSums(session);
        TakeCharges();
        if (_sums.Calls > 0) WriteSums(session);
        if (isKept) _statements.DeleteUnsummed(_summedRow);
        _statements.Flush(session.Transaction);
        FlushRider(session);
    }

    public void Committed()
    {
        if (!_isCertain || _sums.Calls > 0) return;

        (_summedRow, _isSettled) = (_lastRow, true);
    }

    public void Forget()
    {
        _rider?.Forget();
        _rider = null;
        _charges.Clear();
        _statements?.Forget();
        (_isCertain, _summedRow) = (false, 0);
    }

    public void Dispose() => _statements?.Dispose();

    private void FlushRider(WriteSession session)
    {
        _rider?.Flush(session.Connection, session.Transaction);
        _rider = null;
    }

    private void ReadSums(WriteSession session)
    {
        _sums.Clear();
        var (charges, lastRow) = UnsummedCalls.Read(session.Connection, session.Transaction);
        foreach (var charge in charges) _sums.Add(charge);
        (_isCertain, _lastRow) = (true, Math.Max(_lastRow, lastRow));
    }

    private void TakeCharges()
    {
        foreach (var charge in _charges) _sums.Add(charge);
        _charges.Clear();
    }

    /// <remarks>When the database refuses one, each goes by itself, so that the one at fault keeps no other from being written, and no call.</remarks>
    private void WriteSums(WriteSession session)
    {
        var writes = _sums.ToWrites(time.GetUtcNow().ToUnixTimeMilliseconds());
        if (FindRefusal(session, writes) is not null)
        {
            foreach (var write in writes)
            {
                if (FindRefusal(session, [write]) is { } refusal) LogSumRefused(refusal, write.Scope);
            }
        }

        _sums.Clear();
    }

    private Exception? FindRefusal(WriteSession session, IEnumerable<(string Scope, Action<ISpendStatements> Write)> writes)
    {
        session.Transaction.Save(Savepoint);
        try
        {
            foreach (var (_, write) in writes) write(_statements);
            _statements.Flush(session.Transaction);
            session.Transaction.Release(Savepoint);
            return null;
        }
        catch (Exception exception) when (!DatabaseTrouble.IsIn(exception))
        {
            _statements.Forget();
            session.Transaction.Rollback(Savepoint);
            return exception;
        }
    }

    private void Prepare(DbConnection connection)
    {
        if (ReferenceEquals(_connection, connection)) return;

        Dispose();
        _connection = connection;
        _statements = connection is SqliteConnection sqlite ? new SqliteSpend(sqlite) : new PostgresSpend((NpgsqlConnection)connection);
    }

    [LoggerMessage(LogLevel.Critical, "The database refuses what calls add to the sum of a {Scope}. The calls themselves are in the book, so the sum is too small.")]
    private partial void LogSumRefused(Exception exception, string scope);
}
