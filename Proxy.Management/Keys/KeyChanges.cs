using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>A changed key, or why it was not changed.</summary>
internal readonly record struct KeyChange(KeyRecord? Key, ProxyError? Error)
{
    /// <summary>Secrets of which memory must not go by what it knew.</summary>
    public IReadOnlyList<KeyHash> Secrets { get; init; } = [];

    public static implicit operator KeyChange(ProxyError error) => new(null, error);
}

/// <summary>Changes keys: in the database first, then in memory, then the answer, so that the very next request sees it.</summary>
internal sealed class KeyChanges(CommitQueue queue, KeyStore store, KeyRing ring, MasterKey masterKey, BudgetCalendar calendar, TimeProvider time)
{
    /// <returns>The key as it is now, or why there is none.</returns>
    public Task<KeyChange> CreateAsync(KeyRecord key, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            if (FindRefusal(connection, transaction, old: null, key.Identity, isNewSecret: true) is { } refusal) return refusal;

            var (identity, error) = KeyBudget.Save(connection, transaction, old: null, key.Identity, calendar);
            if (error is not null) return error;

            var record = key with { Identity = identity };
            store.Insert(connection, transaction, record);
            return new KeyChange(record, null);
        },
        spend: null,
        cancellationToken);

    /// <param name="hash">Which key, by any secret that it has or had.</param>
    /// <param name="edit">What is to become of it.</param>
    public async Task<KeyChange> UpdateAsync(KeyHash hash, KeyEdit edit, CancellationToken cancellationToken)
    {
        var change = await WriteAsync((connection, transaction) => Update(connection, transaction, hash, edit), edit.Spend, cancellationToken);
        if (change.Key is not null) await ring.RelinkAsync(change.Key.Identity.Hash);
        return change;
    }

    public Task<KeyChange> SetBlockedAsync(KeyHash hash, bool isBlocked, string? by, CancellationToken cancellationToken) => UpdateAsync(
        hash, new KeyEdit(key => key with { IsBlocked = isBlocked, UpdatedAt = time.GetUtcNow(), UpdatedBy = by }), cancellationToken);

    /// <summary>Deletes all of them or none.</summary>
    public async Task<ProxyError?> DeleteAsync(IReadOnlyList<string> keys, IReadOnlyList<string> aliases, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(IReadOnlyList<(KeyHash Key, IReadOnlyList<KeyHash> Secrets)> Keys, ProxyError? Error)>(
            (connection, transaction) =>
            {
                var named = keys.Select(KeyFormat.FindHash).Concat(aliases.Select(alias => KeyStore.FindByAlias(connection, transaction, alias)));
                var found = named.Select(hash => hash is { } known ? store.FindNamed(connection, transaction, known)?.Identity : null).ToList();
                var missing = found.Count(key => key is null);
                if (missing > 0) return ([], KeyErrors.NoKeysFound(missing, found.Count));

                var gone = new List<(KeyHash, IReadOnlyList<KeyHash>)>();
                foreach (var key in found.OfType<KeyIdentity>().DistinctBy(key => key.Hash))
                {
                    gone.Add((key.Hash, KeySecrets.List(connection, transaction, key.Hash)));
                    KeyStore.Delete(connection, transaction, key);
                }

                return (gone, null);
            },
            result =>
            {
                foreach (var (key, secrets) in result.Keys) ring.Remove(key, secrets);
            },
            cancellationToken);
        return deleted.Error;
    }

    private Task<KeyChange> WriteAsync(Func<DbConnection, DbTransaction, KeyChange> work, decimal? spend, CancellationToken cancellationToken) =>
        queue.WriteAsync(
            work,
            change =>
            {
                if (change.Key is not { } key) return;
                ring.Change(key.Identity, change.Secrets);
                if (spend is { } dollars) ring.SetSpend(key.Identity.Hash, dollars);
            },
            cancellationToken);

    private KeyChange Update(DbConnection connection, DbTransaction transaction, KeyHash hash, KeyEdit edit)
    {
        if (store.FindNamed(connection, transaction, hash) is not { } old) return KeyErrors.UnknownForUpdate;
        if (edit.Check?.Invoke(old) is { } wrong) return wrong;

        var key = edit.Change(KeyBudget.Open(old.Identity));
        if (edit.Callbacks is { } callbacks) key = key with { Callbacks = callbacks, IsLoggingDisabled = false };
        if (edit.Secret is { } secret) key = key with { Secret = secret.Hash, Name = secret.Name };
        if (FindRefusal(connection, transaction, old.Identity, key, edit.Secret is not null) is { } refusal) return refusal;

        var (identity, error) = KeyBudget.Save(connection, transaction, old.Identity, key, calendar);
        if (error is not null) return error;

        var record = new KeyRecord(identity, edit.Spend ?? old.Spend);
        store.Update(connection, transaction, old.Identity, record, edit.Callbacks is not null, edit.Spend is not null);
        if (edit.Secret is null) return new KeyChange(record, null);

        KeySecrets.Replace(connection, transaction, old.Identity, edit.Secret.Hash, identity.UpdatedAt, edit.Secret.GraceEnd);
        return new KeyChange(record, null) { Secrets = KeySecrets.List(connection, transaction, identity.Hash) };
    }

    /// <param name="old">The row as it was; null for a new key.</param>
    private ProxyError? FindRefusal(DbConnection connection, DbTransaction transaction, KeyIdentity? old, KeyIdentity key, bool isNewSecret)
    {
        // A secret that any key has or had is taken, so that what was given up never opens anything again.
        if (isNewSecret && (masterKey.Matches(key.Secret) || store.FindNamed(connection, transaction, key.Secret) is not null))
            return KeyErrors.Exists;
        if (key.Alias is not null && key.Alias != old?.Alias && KeyStore.FindByAlias(connection, transaction, key.Alias) is not null)
            return KeyErrors.AliasExists(key.Alias);

        return key.TeamId is not null && key.TeamId != old?.TeamId && !TeamStore.Exists(connection, transaction, key.TeamId)
            ? KeyErrors.TeamUnknown(key.TeamId)
            : null;
    }
}
