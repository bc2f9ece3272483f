using Dapper;
using Proxy.Management.Callbacks;
using Proxy.Management.Storage;

namespace Proxy.Management.Keys;

/// <summary>Reads keys in pages. A page is found in an index first, so that only its own rows are read.</summary>
internal sealed class KeyList(Database database, CallbackVault vault)
{
    public async Task<(IReadOnlyList<KeyRecord> Keys, long Total)> ReadAsync(KeyFilter filter, KeyPage page, CancellationToken cancellationToken)
    {
        var (condition, parameters) = filter.ToSql();
        parameters.Add("size", page.Size);
        parameters.Add("skipped", page.Skipped);
        await using var connection = await database.OpenAsync(cancellationToken);
        var keys = await connection.ReadKeysAsync(
            vault,
            $"""
            where k.key_hash in (
                select key_hash
                from api_key
                {condition}
                {page.ToSql("")}
                limit @size offset @skipped)
            {page.ToSql("k.")}
            """,
            parameters,
            cancellationToken);
        return (keys, await CountAsync(filter, cancellationToken));
    }

    /// <summary>The aliases of a page in their order, and how many there are of keys with one.</summary>
    public async Task<(IReadOnlyList<string> Aliases, long Total)> ReadAliasesAsync(KeyFilter filter, int number, int size, CancellationToken cancellationToken)
    {
        var (condition, parameters) = filter.ToSql();
        condition = condition.Length == 0 ? "where key_alias is not null" : $"{condition} and key_alias is not null";
        parameters.Add("size", size);
        parameters.Add("skipped", (number - 1L) * size);
        await using var connection = await database.OpenAsync(cancellationToken);
        var aliases = await connection.QueryAsync<string>(new CommandDefinition(
            $"select key_alias from api_key {condition} order by key_alias limit @size offset @skipped", parameters, cancellationToken: cancellationToken));
        var total = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            $"select count(*) from api_key {condition}", parameters, cancellationToken: cancellationToken));
        return ([.. aliases], total);
    }

    private async Task<long> CountAsync(KeyFilter filter, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        if (filter.Count is var (kind, id))
            return await connection.ExecuteScalarAsync<long?>(new CommandDefinition(KeyCounts.FindSql, new { kind, id }, cancellationToken: cancellationToken)) ?? 0;

        var (condition, parameters) = filter.ToSql();
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition($"select count(*) from api_key {condition}", parameters, cancellationToken: cancellationToken));
    }
}
