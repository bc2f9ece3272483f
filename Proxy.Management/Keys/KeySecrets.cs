using System.Data.Common;
using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Keys;

/// <summary>To which key a secret belongs, and until when it opens it.</summary>
/// <param name="KeyHash">The key, by its lasting hash.</param>
/// <param name="ValidUntil">Null for the present secret.</param>
internal sealed record KeySecret(KeyHash KeyHash, DateTimeOffset? ValidUntil)
{
    /// <summary>Whether this secret opens the key as it is now.</summary>
    public bool Opens(KeyIdentity key, in KeyHash secret, DateTimeOffset now) => ValidUntil is { } end ? now < end : key.Secret == secret;
}

/// <summary>The secrets of keys that were given a new one. A key that never was has no rows here: its hash is that of its secret.</summary>
internal sealed class KeySecrets(Database database)
{
    /// <summary>An expression for the lasting hash of whatever key <c>@hash</c> is a secret of.</summary>
    public const string LastingHash = "coalesce((select key_hash from key_secret where secret_hash = @hash), @hash)";

    private const string FindSql = """
        select key_hash as KeyHash, valid_until as ValidUntil
        from key_secret
        where secret_hash = @secret
        union all
        select key_hash, null
        from api_key
        where key_hash = @secret and secret_hash is null
        """;

    private const string EndSql = """
        update key_secret
        set valid_until = @until
        where key_hash = @key and (valid_until is null or valid_until > @until)
        """;

    private const string EndPresentSql = """
        update key_secret
        set valid_until = @until
        where key_hash = @key and valid_until is null
        """;

    private const string InsertSql = """
        insert into key_secret (secret_hash, key_hash, valid_until)
        values (@secret, @key, @until)
        """;

    private const string ListSql = """
        select secret_hash
        from key_secret
        where key_hash = @key
        """;

    private const string DeleteSql = """
        delete from key_secret
        where key_hash = @key
        """;

    private const string ResolveSql = $"select {LastingHash}";

    /// <returns>Null when no key has or had this secret.</returns>
    public async Task<KeySecret?> FindAsync(KeyHash secret)
    {
        await using var connection = await database.OpenApartAsync(CancellationToken.None);
        var row = await connection.QueryFirstOrDefaultAsync<SecretRow>(FindSql, new { secret = secret.ToArray() });
        return row is null ? null : new KeySecret(new KeyHash(row.KeyHash), Columns.ToMoment(row.ValidUntil));
    }

    /// <summary>The lasting hash of the key that has or had this secret, or the hash itself.</summary>
    public async Task<KeyHash> ResolveAsync(KeyHash secret, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        return new KeyHash(await connection.QuerySingleAsync<byte[]>(
            new CommandDefinition(ResolveSql, new { hash = secret.ToArray() }, cancellationToken: cancellationToken)));
    }

    /// <summary>From now on the key has this secret.</summary>
    /// <param name="old">The key as it was.</param>
    /// <param name="secret">The hash of the new secret.</param>
    /// <param name="now">The moment of the change.</param>
    /// <param name="graceEnd">Until when the present secret opens the key still. Without it all that the key ever had end at once.</param>
    public static void Replace(
        DbConnection connection, DbTransaction transaction, KeyIdentity old, in KeyHash secret, DateTimeOffset now, DateTimeOffset? graceEnd)
    {
        var key = old.Hash.ToArray();
        var until = (graceEnd ?? now).ToUnixTimeMilliseconds();
        if (old.Secret == old.Hash) connection.Execute(InsertSql, new { secret = key, key, until }, transaction);
        connection.Execute(graceEnd is null ? EndSql : EndPresentSql, new { key, until }, transaction);
        connection.Execute(InsertSql, new { secret = secret.ToArray(), key, until = (long?)null }, transaction);
    }

    /// <summary>All secrets of the key but one that never had another.</summary>
    public static IReadOnlyList<KeyHash> List(DbConnection connection, DbTransaction transaction, in KeyHash key) =>
        [.. connection.Query<byte[]>(ListSql, new { key = key.ToArray() }, transaction).Select(secret => new KeyHash(secret))];

    public static void Delete(DbConnection connection, DbTransaction transaction, in KeyHash key) =>
        connection.Execute(DeleteSql, new { key = key.ToArray() }, transaction);

    private sealed class SecretRow
    {
        public byte[] KeyHash { get; init; } = [];
        public long? ValidUntil { get; init; }
    }
}
