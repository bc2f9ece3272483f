using Proxy.Host.Failover;

namespace Proxy.Host.Realtime;

/// <summary>The responses of a session that are under way, each an attempt of its own: there may be several, and their pieces come mixed.</summary>
/// <remarks>Used by whoever reads the provider's messages; the count is read by others too.</remarks>
internal sealed class OpenResponses(Func<Attempt> begin)
{
    /// <summary>More than that no provider has at once; what is said of others counts for the last.</summary>
    private const int Most = 256;

    private readonly List<(byte[] Id, Attempt Attempt)> _open = [];
    private volatile int _count;

    public int Count => _count;

    /// <summary>The one of this id, which begins where it is not known. Without an id, the one that began last.</summary>
    public Attempt Of(ReadOnlySpan<byte> id)
    {
        if (Find(id) is >= 0 and var at) return _open[at].Attempt;

        var attempt = begin();
        _open.Add((id.ToArray(), attempt));
        _count = _open.Count;
        return attempt;
    }

    /// <summary>It is over.</summary>
    public Attempt Take(ReadOnlySpan<byte> id)
    {
        if (Find(id) is not (>= 0 and var at)) return begin();

        var attempt = _open[at].Attempt;
        _open.RemoveAt(at);
        _count = _open.Count;
        return attempt;
    }

    private int Find(ReadOnlySpan<byte> id)
    {
        for (var at = 0; !id.IsEmpty && at < _open.Count; at++)
        {
            if (id.SequenceEqual(_open[at].Id)) return at;
        }

        return id.IsEmpty || _open.Count == Most ? _open.Count - 1 : -1;
    }
}
