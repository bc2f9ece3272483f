using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Proxy.Tests.Databases;

/// <summary>A new database of the engine that the test asks for.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _path;

    private TestDatabase(string path, PostgresDatabase? postgres) => (_path, Postgres) = (path, postgres);

    /// <summary>Null when the rows are in a file.</summary>
    public PostgresDatabase? Postgres { get; }

    /// <summary>As the setting <c>Management:Database</c> has it.</summary>
    public string Setting => Postgres?.Setting ?? $"sqlite:{_path}";

    /// <param name="path">The file, if the rows are to be in one.</param>
    public static async Task<TestDatabase> CreateAsync(string path) =>
        new(path, TestEngine.Current == Engine.Postgres ? await PostgresCluster.CreateDatabaseAsync() : null);

    /// <summary>A connection beside the program's.</summary>
    public async Task<DbConnection> OpenAsync()
    {
        if (Postgres is not null) return await Postgres.OpenAsync();

        var connection = new SqliteConnection($"Data Source={_path};Pooling=False");
        await connection.OpenAsync();
        return connection;
    }

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        await using var connection = await OpenAsync();
        return [.. await connection.QueryAsync<T>(sql)];
    }

    public ValueTask DisposeAsync() => Postgres?.DisposeAsync() ?? ValueTask.CompletedTask;
}
