using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>Changes keys: in the database first, then in memory, then the answer, so that the very next request sees it.</summary>
internal sealed class KeyChanges(CommitQueue queue, KeyStore store, KeyRing ring, MasterKey masterKey, TimeProvider time)
{
    public Task<ProxyError?> CreateAsync(KeyRecord key, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            var refusal = FindRefusal(connection, transaction, key.Identity);
            if (refusal is null) store.Insert(connection, transaction, key);
            return refusal;
        },
        refusal =>
        {
            if (refusal is null) ring.Change(key.Identity);
        },
        cancellationToken);

    /// <param name="hash">Which key.</param>
    /// <param name="change">From the row to the one that shall be; it may run twice.</param>
    /// <param name="callbacks">Where its calls are logged from now on; null leaves that as it is.</param>
    /// <param name="spend">The spend from now on; null leaves it as it is.</param>
    /// <returns>The key as it is now, or why it was not changed.</returns>
    public async Task<(KeyRecord? Key, ProxyError? Error)> UpdateAsync(
        KeyHash hash,
        Func<KeyIdentity, KeyIdentity> change,
        IReadOnlyList<TeamCallback>? callbacks,
        decimal? spend,
        CancellationToken cancellationToken)
    {
        var result = await queue.WriteAsync<(KeyRecord? Key, ProxyError? Error)>(
            (connection, transaction) =>
            {
                if (store.Find(connection, transaction, hash) is not { } old) return (null, KeyErrors.UnknownForUpdate);

                var key = change(old.Identity);
                if (FindRefusal(connection, transaction, old.Identity, key) is { } refusal) return (null, refusal);

                if (callbacks is not null) key = key with { Callbacks = callbacks, IsLoggingDisabled = false };
                var record = new KeyRecord(key, spend ?? old.Spend);
                store.Update(connection, transaction, record, callbacks is not null, spend is not null);
                return (record, null);
            },
            changed =>
            {
                if (changed.Key is null) return;
                ring.Change(changed.Key.Identity);
                if (spend is { } dollars) ring.SetSpend(hash, dollars);
            },
            cancellationToken);
        if (result.Key is not null) await ring.RelinkAsync(hash);
        return result;
    }

    /// <returns>The key as it is now, or null when there is none.</returns>
    public Task<KeyRecord?> SetBlockedAsync(KeyHash hash, bool isBlocked, string? by, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            KeyStore.SetBlocked(connection, transaction, hash, isBlocked, time.GetUtcNow(), by);
            return store.Find(connection, transaction, hash);
        },
        key =>
        {
            if (key is not null) ring.Change(key.Identity);
        },
        cancellationToken);

    /// <summary>Deletes all of them or none.</summary>
    public Task<ProxyError?> DeleteAsync(IReadOnlyList<string> keys, IReadOnlyList<string> aliases, CancellationToken cancellationToken)
    {
        var hashes = new HashSet<KeyHash>();
        return queue.WriteAsync(
            (connection, transaction) =>
            {
                hashes.Clear();
                var missing = keys.Count(key => !TryAdd(hashes, KeyFormat.FindHash(key)))
                    + aliases.Count(alias => !TryAdd(hashes, KeyStore.FindByAlias(connection, transaction, alias)))
                    + hashes.Count(hash => store.Find(connection, transaction, hash) is null);
                if (missing > 0) return KeyErrors.NoKeysFound(missing, keys.Count + aliases.Count);

                foreach (var hash in hashes) KeyStore.Delete(connection, transaction, hash);
                return null;
            },
            refusal =>
            {
                if (refusal is not null) return;
                foreach (var hash in hashes) ring.Remove(hash);
            },
            cancellationToken);
    }

    private static ProxyError? FindRefusal(DbConnection connection, DbTransaction transaction, KeyIdentity old, KeyIdentity key) =>
        key.Alias is not null && key.Alias != old.Alias && KeyStore.FindByAlias(connection, transaction, key.Alias) is not null
            ? KeyErrors.AliasExists(key.Alias)
        : key.TeamId is not null && key.TeamId != old.TeamId && !TeamStore.Exists(connection, transaction, key.TeamId)
            ? KeyErrors.TeamUnknown(key.TeamId)
        : null;

    private static bool TryAdd(HashSet<KeyHash> hashes, KeyHash? hash)
    {
        if (hash is { } known) hashes.Add(known);
        return hash is not null;
    }

    private ProxyError? FindRefusal(DbConnection connection, DbTransaction transaction, KeyIdentity key)
    {
        if (masterKey.Matches(key.Hash) || store.Find(connection, transaction, key.Hash) is not null) return KeyErrors.Exists;
        if (key.Alias is not null && KeyStore.FindByAlias(connection, transaction, key.Alias) is not null) return KeyErrors.AliasExists(key.Alias);

        return key.TeamId is not null && !TeamStore.Exists(connection, transaction, key.TeamId) ? KeyErrors.TeamUnknown(key.TeamId) : null;
    }
}
