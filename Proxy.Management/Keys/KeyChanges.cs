using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>A changed key, or why it was not changed.</summary>
internal readonly record struct KeyChange(KeyRecord? Key, ProxyError? Error)
{
    /// <summary>Secrets of which memory must not go by what it knew.</summary>
    public IReadOnlyList<KeyHash> Secrets { get; init; } = [];

    public static implicit operator KeyChange(ProxyError error) => new(null, error);
}

/// <summary>Changes keys: in the database first, then in memory, then the answer, so that the very next request sees it.</summary>
internal sealed class KeyChanges(AuditedWriter queue, KeyStore store, KeyRing ring, KeyGuard guard, KeyDeletion deletion, BudgetCalendar calendar, TimeProvider time)
{
    /// <param name="stated">The fields of the request.</param>
    /// <returns>The key as it is now, or why there is none.</returns>
    public Task<KeyChange> CreateAsync(KeyRecord key, Caller caller, IReadOnlyList<string> stated, CancellationToken cancellationToken) =>
        WriteAsync((connection, transaction) => Create(connection, transaction, key, caller, stated), spend: null, cancellationToken);

    /// <summary>The part of it that is in the database, for whoever makes more than the key in one transaction and tells memory then.</summary>
    public KeyChange Create(DbConnection connection, AuditedTransaction transaction, KeyRecord key, Caller caller, IReadOnlyList<string> stated)
    {
        var refusal = guard.FindRefusal(connection, transaction, caller, key.Identity, stated)
            ?? guard.FindConflict(connection, transaction, old: null, key.Identity, isNewSecret: true);
        if (refusal is not null) return refusal;

        var (identity, error) = KeyBudget.Save(connection, transaction, old: null, key.Identity, calendar);
        if (error is not null) return error;

        var record = key with { Identity = identity };
        store.Insert(connection, transaction, record);
        return new KeyChange(record, null);
    }

    /// <summary>Tells memory of a key that was made in a commit.</summary>
    public void Tell(KeyIdentity key) => ring.Change(key, []);

    /// <param name="hash">Which key, by any secret that it has or had.</param>
    /// <param name="edit">What is to become of it.</param>
    public async Task<KeyChange> UpdateAsync(KeyHash hash, KeyEdit edit, CancellationToken cancellationToken)
    {
        var change = await WriteAsync((connection, transaction) => Update(connection, transaction, hash, edit), edit.Spend, cancellationToken);
        if (change.Key is not null) await ring.RelinkAsync(change.Key.Identity.Hash);
        return change;
    }

    public Task<KeyChange> SetBlockedAsync(KeyHash hash, bool isBlocked, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            var old = store.FindNamed(connection, transaction, hash);
            if (old is null ? !caller.IsProxyAdmin : !guard.MayBlock(connection, transaction, caller, old.Identity, isBlocked)) return KeyErrors.NotYoursToChange;
            if (old is null) return KeyErrors.Unknown;

            var key = old with { Identity = old.Identity with { IsBlocked = isBlocked, UpdatedAt = time.GetUtcNow(), UpdatedBy = caller.UserId } };
            store.Update(connection, transaction, old.Identity, key, setsCallbacks: false, setsSpend: false);
            return new KeyChange(key, null);
        },
        spend: null,
        cancellationToken);

    /// <summary>Deletes all of them or none.</summary>
    public async Task<ProxyError?> DeleteAsync(
        IReadOnlyList<string> keys, IReadOnlyList<string> aliases, Caller caller, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(IReadOnlyList<GoneKey> Keys, ProxyError? Error)>(
            (connection, transaction) =>
            {
                var named = keys.Select(KeyFormat.FindHash).Concat(aliases.Select(alias => KeyStore.FindByAlias(connection, transaction, alias)));
                var found = named.Select(hash => hash is { } known ? store.FindNamed(connection, transaction, known)?.Identity : null).ToList();
                var missing = found.Count(key => key is null);
                if (!caller.IsProxyAdmin && found.Exists(key => key is null || !guard.MayDelete(connection, transaction, caller, key))) return ([], KeyErrors.NotYoursToDelete);
                if (missing > 0) return ([], KeyErrors.NoKeysFound(missing, found.Count));

                return (KeyDeletion.Delete(connection, transaction, found.OfType<KeyIdentity>()), null);
            },
            result => deletion.Forget(result.Keys),
            cancellationToken);
        return deleted.Error;
    }

    private Task<KeyChange> WriteAsync(Func<DbConnection, AuditedTransaction, KeyChange> work, decimal? spend, CancellationToken cancellationToken) =>
        queue.WriteAsync(
            work,
            change =>
            {
                if (change.Key is not { } key) return;
                ring.Change(key.Identity, change.Secrets);
                if (spend is { } dollars) ring.SetSpend(key.Identity.Hash, dollars);
            },
            cancellationToken);

    private KeyChange Update(DbConnection connection, AuditedTransaction transaction, KeyHash hash, KeyEdit edit)
    {
        if (store.FindNamed(connection, transaction, hash) is not { } old) return edit.Caller.IsProxyAdmin ? KeyErrors.UnknownForUpdate : KeyErrors.NotYoursToChange;
        if (edit.Check?.Invoke(old) is { } wrong) return wrong;

        var key = edit.Change(KeyBudget.Open(old.Identity));
        if (edit.Callbacks is { } callbacks) key = key with { Callbacks = callbacks, IsLoggingDisabled = false };
        if (edit.Secret is { } secret) key = key with { Secret = secret.Hash, Name = secret.Name };
        var refusal = guard.FindRefusal(connection, transaction, old.Identity, key, edit)
            ?? guard.FindConflict(connection, transaction, old.Identity, key, edit.Secret is not null);
        if (refusal is not null) return refusal;

        var (identity, error) = KeyBudget.Save(connection, transaction, old.Identity, key, calendar);
        if (error is not null) return error;

        var record = new KeyRecord(identity, edit.Spend ?? old.Spend);
        store.Update(connection, transaction, old.Identity, record, edit.Callbacks is not null, edit.Spend is not null);
        if (edit.Secret is null) return new KeyChange(record, null);

        KeySecrets.Replace(connection, transaction, old.Identity, edit.Secret.Hash, identity.UpdatedAt, edit.Secret.GraceEnd);
        return new KeyChange(record, null) { Secrets = KeySecrets.List(connection, transaction, identity.Hash) };
    }
}
