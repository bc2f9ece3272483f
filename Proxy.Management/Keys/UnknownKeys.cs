using System.Collections.Concurrent;

namespace Proxy.Management.Keys;

/// <summary>Secrets that open nothing, for a while, so that whoever tries them again and again costs no look-ups.</summary>
internal sealed class UnknownKeys(TimeProvider time)
{
    private const int MaxCount = 10_000;
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<KeyHash, long> _since = new();

    public bool Contains(in KeyHash secret)
    {
        if (!_since.TryGetValue(secret, out var since)) return false;
        if (time.GetElapsedTime(since) < KeptFor) return true;

        Forget(secret);
        return false;
    }

    public void Add(KeyHash secret)
    {
        if (_since.Count >= MaxCount) _since.Clear();
        _since[secret] = time.GetTimestamp();
    }

    public void Forget(in KeyHash secret) => _since.TryRemove(secret, out _);
}
