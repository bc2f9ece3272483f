using System.Collections.Concurrent;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>The keys in memory, by the hash of the whole key. A cold key costs one look-up; an unknown one is remembered for a while.</summary>
/// <remarks>A state stays for as long as its row: a change replaces what it shows and leaves its spend alone, so no spend that is on its
/// way to the database is lost from memory or counted twice.</remarks>
internal sealed class KeyRing
{
    private const int MaxUnknown = 10_000;
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(10);

    private readonly StateCache<KeyHash, KeyState> _keys;
    private readonly ConcurrentDictionary<KeyHash, long> _unknown = new();
    private readonly KeyStore _store;
    private readonly TeamRing _teams;
    private readonly TimeProvider _time;

    public KeyRing(KeyStore store, TeamRing teams, TimeProvider time)
    {
        (_store, _teams, _time) = (store, teams, time);
        _keys = new StateCache<KeyHash, KeyState>(LoadAsync);
    }

    /// <returns>Null when nobody knows the key.</returns>
    public ValueTask<KeyState?> FindAsync(in KeyHash hash)
    {
        if (_keys.FindLoaded(hash) is { } key) return new ValueTask<KeyState?>(key);

        return IsKnownAsUnknown(hash) ? default : new ValueTask<KeyState?>(_keys.LoadAsync(hash, RememberUnknown));
    }

    /// <returns>Null when the key was not used yet.</returns>
    public KeyState? FindLoaded(in KeyHash hash) => _keys.FindLoaded(hash);

    /// <summary>The key was created or changed in a commit; the very next request sees it.</summary>
    public void Change(KeyIdentity identity) => _keys.Change(identity.Hash, state => state.Replace(identity), Forget);

    /// <summary>The key was deleted in a commit.</summary>
    public void Remove(in KeyHash hash) => _keys.Remove(hash);

    private async Task<KeyState?> LoadAsync(KeyHash hash)
    {
        if (await _store.FindAsync(hash, CancellationToken.None) is not var (identity, spend)) return null;

        var team = identity.TeamId is null ? null : await _teams.FindAsync(identity.TeamId);
        return new KeyState(identity, spend, team);
    }

    private bool IsKnownAsUnknown(in KeyHash hash)
    {
        if (!_unknown.TryGetValue(hash, out var since)) return false;
        if (_time.GetElapsedTime(since) < UnknownFor) return true;

        Forget(hash);
        return false;
    }

    private void RememberUnknown(KeyHash hash)
    {
        if (_unknown.Count >= MaxUnknown) _unknown.Clear();
        _unknown[hash] = _time.GetTimestamp();
    }

    private void Forget(KeyHash hash) => _unknown.TryRemove(hash, out _);
}
