using System.Net;
using System.Net.Sockets;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.Http;

/// <summary>Connects where it may. The address that is really connected to is what counts: a name can point anywhere, and elsewhere a moment later.</summary>
internal sealed class AddressRules(bool isTrusted, Func<string> allowedHosts)
{
    /// <summary>Is told each host and the address that was connected to.</summary>
    public Action<string, EndPoint?> Connected { get; init; } = static (_, _) => { };

    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        if (IpSpaces.IsMetadataHost(host)) throw new ForbiddenAddressException(host);

        IPAddress[] addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = addresses.Where(address => MayReach(host, address)).ToArray();
        if (allowed.Length == 0 && addresses.Length > 0) throw new ForbiddenAddressException(host);

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken);
            Connected(host, socket.RemoteEndPoint);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public bool MayReach(string host, IPAddress address)
    {
        if (IpSpaces.IsMetadata(address)) return false;
        return isTrusted || IpSpaces.IsPublic(address) || IsAllowed(host, address);
    }

    private bool IsAllowed(string host, IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var entry in allowedHosts().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (entry.Equals(host, StringComparison.OrdinalIgnoreCase)) return true;
            if (IPAddress.TryParse(entry, out var one) ? one.Equals(plain) : IPNetwork.TryParse(entry, out var network) && network.Contains(plain)) return true;
        }

        return false;
    }
}
