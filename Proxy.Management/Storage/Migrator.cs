using System.Data;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Dapper;

namespace Proxy.Management.Storage;

/// <summary>Brings the schema up to date at start: each numbered script is applied once, all of an owner's in one transaction.</summary>
public sealed class Migrator(Database database, TimeProvider time)
{
    private const string CreateTableSql = """
        create table if not exists schema_script (
            owner text not null,
            name text not null,
            sha256 text not null,
            applied_at integer not null,
            primary key (owner, name)
        ) strict
        """;

    private const string FindAppliedSql = """
        select name as Name, sha256 as Sha256
        from schema_script
        where owner = @owner
        """;

    private const string InsertSql = """
        insert into schema_script (owner, name, sha256, applied_at)
        values (@owner, @name, @sha256, @appliedAt)
        """;

    /// <param name="owner">Whose scripts these are; every owner has names of its own.</param>
    /// <param name="scripts">All scripts of the owner in their order, the applied ones included.</param>
    /// <exception cref="InvalidOperationException">A script that was applied is not the same any more.</exception>
    public async Task ApplyAsync(string owner, IReadOnlyList<(string Name, string Sql)> scripts)
    {
        await using var connection = database.Engine.OpenForSchema();
        await using var transaction = database.Engine.BeginSchema(connection);

        await connection.ExecuteAsync(database.Engine.Translate(CreateTableSql), transaction: transaction);
        var rows = await connection.QueryAsync<(string Name, string Sha256)>(FindAppliedSql, new { owner }, transaction);
        var applied = rows.ToDictionary(row => row.Name, row => row.Sha256);

        foreach (var (name, sql) in scripts)
        {
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            if (!applied.TryGetValue(name, out var known)) await ApplyAsync(owner, name, sql, sha256, connection, transaction);
            else if (known != sha256) throw Changed(owner, name);
        }

        await transaction.CommitAsync();
    }

    private async Task ApplyAsync(
        string owner, string name, string sql, string sha256, DbConnection connection, DbTransaction transaction)
    {
        // No time limit: a script may rewrite a table of millions of rows.
        await connection.ExecuteAsync(database.Engine.Translate(sql), transaction: transaction, commandTimeout: 0, commandType: CommandType.Text);
        var appliedAt = time.GetUtcNow().ToUnixTimeMilliseconds();
        await connection.ExecuteAsync(InsertSql, new { owner, name, sha256, appliedAt }, transaction);
    }

    private static InvalidOperationException Changed(string owner, string name) => new(
        $"The schema script '{name}' of '{owner}' differs from the one that this database was made with. Write a new script instead.");
}
