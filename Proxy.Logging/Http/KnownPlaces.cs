using System.Collections.Concurrent;
using System.Net;

namespace Proxy.Logging.Http;

/// <summary>Which hosts turned out to be near: on this machine or in a private network, by the address that was connected to.</summary>
/// <remarks>What goes there is not compressed: that takes more processor time than all else of a record, and a near network has room.</remarks>
internal sealed class KnownPlaces
{
    // Hosts come from admins and from teams; somebody who makes them up must not fill the memory.
    private const int MaxRemembered = 4096;

    private readonly ConcurrentDictionary<string, bool> _isNear = new(StringComparer.OrdinalIgnoreCase);

    /// <returns>False also when nobody has connected to it yet.</returns>
    public bool IsNear(Uri host) => _isNear.TryGetValue(host.IdnHost, out var isNear) && isNear;

    public void Connected(string host, EndPoint? end)
    {
        if (_isNear.Count >= MaxRemembered) _isNear.Clear();
        _isNear[host] = end is IPEndPoint { Address: var address } && !IpSpaces.IsPublic(address);
    }
}
