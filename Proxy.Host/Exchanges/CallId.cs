using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Proxy.Host.Exchanges;

/// <summary>Ids of calls: UUIDs of version 7, which sort by their time, so that the ledger grows at its end.</summary>
/// <remarks>The framework's own asks the kernel for chance at each of them, which costs more than the rest of it; here a thread takes it for many at once.</remarks>
internal static class CallId
{
    private const int Size = 16;
    private const int TakenAtOnce = 256;

    [ThreadStatic]
    private static byte[]? Chance;

    [ThreadStatic]
    private static int Used;

    public static Guid New(DateTimeOffset now)
    {
        var bytes = Chance ??= new byte[Size * TakenAtOnce];
        if (Used % bytes.Length == 0)
        {
            RandomNumberGenerator.Fill(bytes);
            Used = 0;
        }

        var id = bytes.AsSpan(Used, Size);
        Used += Size;
        BinaryPrimitives.WriteInt64BigEndian(id, (now.ToUnixTimeMilliseconds() << 16) | BinaryPrimitives.ReadUInt16BigEndian(id[6..]));
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id, bigEndian: true);
    }
}
