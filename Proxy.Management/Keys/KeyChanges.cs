using System.Data.Common;
using Proxy.Management.Access;
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
