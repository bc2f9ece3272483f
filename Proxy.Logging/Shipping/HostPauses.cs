using System.Collections.Concurrent;

namespace Proxy.Logging.Shipping;

/// <summary>Hosts that have asked for a pause. All targets there keep it: projects of one organisation share its limit.</summary>
internal sealed class HostPauses(TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _until = new();

    public void Begin(Uri host, TimeSpan? after)
    {
        var end = time.GetUtcNow() + (after ?? Shortest);
        _until.AddOrUpdate(host.Authority, end, (_, known) => known > end ? known : end);
    }

    /// <returns>What is left of a pause; null when there is none.</returns>
    public TimeSpan? RestOf(Uri host)
    {
        if (!_until.TryGetValue(host.Authority, out var end)) return null;

        var rest = end - time.GetUtcNow();
        if (rest > TimeSpan.Zero) return rest;

        _until.TryRemove(KeyValuePair.Create(host.Authority, end));
        return null;
    }
}
