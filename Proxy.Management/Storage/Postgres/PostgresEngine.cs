using System.Data.Common;
using Npgsql;

namespace Proxy.Management.Storage.Postgres;

/// <summary>Rows on a PostgreSQL server: pooled readers, and one writer that nobody else may be.</summary>
internal sealed class PostgresEngine : IDatabaseEngine
{
    // Their meaning is this gateway's own: the first number of advisory locks, which a database shares with whoever uses it.
    private const int SchemaLock = 0x70726F31;

    private readonly NpgsqlDataSource _readers;
    private readonly NpgsqlDataSource _writers;
    private readonly Synchronous _synchronous;

    public PostgresEngine(NpgsqlConnectionStringBuilder setting, Synchronous synchronous)
    {
        _synchronous = synchronous;
        setting.ApplicationName ??= "proxy";
        setting.IncludeErrorDetail = false; // it would show rows in the log
        setting.MaxAutoPrepare = Math.Max(setting.MaxAutoPrepare, 100);
        setting.AutoPrepareMinUsages = 2;
        setting.Timeout = Math.Min(setting.Timeout, 5);

        // No call waits for these to open, and a busy server is no reason not to start.
        var writer = new NpgsqlConnectionStringBuilder(setting.ConnectionString) { Pooling = false, Timeout = 15, CommandTimeout = 6, CancellationTimeout = 1000 };
        _writers = NpgsqlDataSource.Create(writer);

        setting.Options = $"{setting.Options} -c default_transaction_read_only=on".Trim();
        _readers = NpgsqlDataSource.Create(setting);
        Description = $"{setting.Database} on {setting.Host}";
    }

    public string? Path => null;

    private string Description { get; }

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _readers.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            throw Unavailable(exception);
        }
    }

    public IDatabaseWriter OpenWriter() => new PostgresWriter(Open, Description, _synchronous);

    public DbConnection OpenForSchema() => Open();

    public DbTransaction BeginSchema(DbConnection connection)
    {
        var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"select pg_advisory_xact_lock({SchemaLock}, hashtext(current_schema()))";
        command.CommandTimeout = 0;
        command.ExecuteNonQuery();
        return transaction;
    }

    public string Translate(string script) => PostgresScript.Translate(script);

    public void ReleaseReaders() => _readers.Clear();

    public void Dispose()
    {
        _readers.Dispose();
        _writers.Dispose();
    }

    private NpgsqlConnection Open()
    {
        try
        {
            return _writers.OpenConnection();
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            throw Unavailable(exception);
        }
    }

    private DatabaseUnavailableException Unavailable(Exception exception) =>
        new($"The database {Description} cannot be reached: {exception.Message}", exception);
}
