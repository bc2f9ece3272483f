using System.Net;
using System.Net.Sockets;

namespace Proxy.Logging.Http;

/// <summary>Which addresses are public, and which hand out a cloud machine's own credentials.</summary>
internal static class IpSpaces
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. Networks(
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),

        // Within the public space of version 6: documentation, and what carries an address of version 4 to wherever it points.
        .. Networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    ];

    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3");

    private static readonly IPAddress[] Metadata =
    [
        .. ((string[])["169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"]).Select(IPAddress.Parse),
    ];

    private static readonly string[] MetadataHosts = ["metadata.google.internal", "metadata", "instance-data"];

    public static bool IsMetadataHost(string host) => MetadataHosts.Contains(host.TrimEnd('.'), StringComparer.OrdinalIgnoreCase);

    /// <summary>Also when the address is hidden in one of version 6.</summary>
    public static bool IsMetadata(IPAddress address) =>
        Metadata.Contains(Plain(address)) || (Embedded(address) is { } inner && Metadata.Contains(inner));

    public static bool IsPublic(IPAddress address)
    {
        var plain = Plain(address);
        return (plain.AddressFamily == AddressFamily.InterNetwork || PublicV6.Contains(plain)) && !Array.Exists(NotPublic, network => network.Contains(plain));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>The address of version 4 in one of NAT64, 6to4 or the old compatible form.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return null;

        var bytes = address.GetAddressBytes();
        if (bytes is [0x20, 0x02, ..]) return new IPAddress(bytes.AsSpan(2, 4));
        return bytes is [0x00, 0x64, 0xff, 0x9b, ..] or [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..] ? new IPAddress(bytes.AsSpan(12, 4)) : null;
    }

    private static IEnumerable<IPNetwork> Networks(params string[] texts) => texts.Select(IPNetwork.Parse);
}
