using System.Data.Common;
using Proxy.Management.Auditing;

namespace Proxy.Management.Keys;

/// <summary>A key whose row is gone.</summary>
/// <param name="Key">Its lasting hash.</param>
/// <param name="Secrets">All secrets that it had beside its first.</param>
internal sealed record GoneKey(KeyHash Key, IReadOnlyList<KeyHash> Secrets);

/// <summary>Deletes keys, by themselves or with whom they belonged to: the rows in a transaction, then what memory knows of them.</summary>
internal sealed class KeyDeletion(KeyStore store, KeyRing ring)
{
    /// <summary>Calls under way settle all the same: the book does not ask whether a key is still there.</summary>
    public static IReadOnlyList<GoneKey> Delete(DbConnection connection, AuditedTransaction transaction, IEnumerable<KeyIdentity> keys)
    {
        var gone = new List<GoneKey>();
        foreach (var key in keys.DistinctBy(key => key.Hash))
        {
            gone.Add(new GoneKey(key.Hash, KeySecrets.List(connection, transaction, key.Hash)));
            KeyStore.Delete(connection, transaction, key);
        }

        return gone;
    }

    /// <summary>All keys of a team, of a user, or of a user within a team.</summary>
    public IReadOnlyList<GoneKey> Delete(DbConnection connection, AuditedTransaction transaction, KeyFilter filter) =>
        Delete(connection, transaction, store.List(connection, transaction, filter).Select(key => key.Identity));

    /// <summary>The rows are gone, in a commit: the very next request is refused.</summary>
    public void Forget(IReadOnlyList<GoneKey> keys)
    {
        foreach (var (key, secrets) in keys) ring.Remove(key, secrets);
    }
}
