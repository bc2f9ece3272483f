using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Proxy.Benchmarks.Growth;

/// <summary>Fills the tables of a gateway that is not running: the first row again and again, with an id of its own each time.</summary>
internal static class BulkRows
{
    /// <param name="file">The database.</param>
    /// <param name="table">Where rows are added; it has one already.</param>
    /// <param name="count">How many.</param>
    /// <param name="columns">What differs from the first row, as expressions of <c>i</c>, which counts; null leaves the column to the database.</param>
    public static void Multiply(string file, string table, long count, IReadOnlyDictionary<string, string?> columns)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        Run(connection, "pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -262144");

        var names = ColumnsOf(connection, table).Where(name => columns.GetValueOrDefault(name, "") is not null).ToList();
        Run(connection, $"""
            with recursive n (i) as (select 1 union all select i + 1 from n where i < {count.ToString(CultureInfo.InvariantCulture)})
            insert into {table} ({string.Join(", ", names)})
            select {string.Join(", ", names.Select(name => columns.GetValueOrDefault(name) ?? "t." + name))}
            from n cross join (select * from {table} limit 1) t
            """);
        Run(connection, "pragma wal_checkpoint(truncate)");
    }

    private static List<string> ColumnsOf(SqliteConnection connection, string table)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select name from pragma_table_info($table)";
        command.Parameters.AddWithValue("$table", table);
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read()) names.Add(reader.GetString(0));
        return names;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Of constants of this program and a count.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.CommandTimeout = 0;
        command.ExecuteNonQuery();
    }
}
