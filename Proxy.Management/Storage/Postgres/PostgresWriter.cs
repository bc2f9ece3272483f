using System.Data;
using System.Data.Common;
using Npgsql;

namespace Proxy.Management.Storage.Postgres;

/// <summary>The session that writes. It holds an advisory lock for as long as it lives, and a term that tells whether somebody wrote in between.</summary>
/// <remarks>When the connection is lost so is the lock, and another gateway may take it. Memory would not know what that one changed, so the term, which
/// every gateway raises at its start, is compared before this one writes again.</remarks>
internal sealed class PostgresWriter : IDatabaseWriter
{
    private const int WriterLock = 0x70726F32;

    private const string RaiseTermSql = """
        insert into gateway_writer (id, term)
        values (1, 1)
        on conflict (id) do update set term = gateway_writer.term + 1
        returning term
        """;

    private readonly Func<NpgsqlConnection> _open;
    private readonly string _description;
    private readonly string _settings;
    private readonly long _term;

    private NpgsqlConnection _connection;
    private int _session;
    private string? _lostCommit;

    public PostgresWriter(Func<NpgsqlConnection> open, string description, Synchronous synchronous)
    {
        (_open, _description) = (open, description);

        // A row that somebody else has locked is waited for as long as a locked file; a gateway whose machine is gone is noticed.
        _settings = "set lock_timeout = '5s'; set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;"
            + (synchronous == Synchronous.Full ? "set synchronous_commit = on;" : "");
        _connection = OpenSession();
        try
        {
            Run("create table if not exists gateway_writer (id bigint not null primary key, term bigint not null)");
            _term = Ask<long>(RaiseTermSql);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public DbConnection Connection => _connection;

    public DbTransaction Begin()
    {
        if (_connection.State != ConnectionState.Open) Reconnect();
        return _connection.BeginTransaction(IsolationLevel.ReadCommitted);
    }

    public void Commit(DbTransaction transaction)
    {
        _lostCommit = Ask<string>("select cast(pg_current_xact_id_if_assigned() as text)");
        transaction.Commit();
        _lostCommit = null;
    }

    public bool HasLostCommitArrived()
    {
        if (_lostCommit is null) return false;
        if (_connection.State != ConnectionState.Open) Reconnect();

        // The session of it is gone, as its lock is ours again: it cannot be under way any more.
        var status = Ask<string>($"select pg_xact_status('{_lostCommit}'::xid8)");
        _lostCommit = null;
        return status == "committed";
    }

    public void ForgetLostCommit() => _lostCommit = null;

    public void Dispose() => _connection.Dispose();

    private void Reconnect()
    {
        _connection.Dispose();
        _connection = OpenSession();
        if (Ask<long>("select term from gateway_writer where id = 1") == _term) return;

        _connection.Dispose();
        throw new DatabaseUnavailableException(
            $"Another gateway has written the database {_description} while the connection was lost. Start this one again.");
    }

    private NpgsqlConnection OpenSession()
    {
        var connection = _open();
        try
        {
            var locked = _connection is null ? "" : $"""
                select pg_terminate_backend(pid) from pg_locks
                where locktype = 'advisory' and classid = {WriterLock} and pid = {_session}
                    and database = (select oid from pg_database where datname = current_database());
                """;
            using var command = new NpgsqlCommand($"{_settings}{locked}select pg_advisory_lock({WriterLock}, hashtext(current_schema()))", connection);
            command.ExecuteNonQuery();
            _session = connection.ProcessID;
            return connection;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.LockNotAvailable)
        {
            connection.Dispose();
            throw new IOException($"The database {_description} is in use by another gateway.", exception);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Run(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    private T? Ask<T>(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        return command.ExecuteScalar() is T value ? value : default;
    }
}
