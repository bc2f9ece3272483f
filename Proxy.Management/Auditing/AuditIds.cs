using System.Globalization;

namespace Proxy.Management.Auditing;

/// <summary>Ids of entries: UUIDs of version 7 that also grow within one millisecond, and when the clock is set back, so that their order is that of the commits.</summary>
internal sealed class AuditIds
{
    private const int MaxCount = 0xFFF;
    private const int Version = 0x70;

    private readonly Lock _lock = new();
    private long _millisecond;
    private int _count;

    /// <summary>The first id that could be given at a moment.</summary>
    public static string FirstAt(DateTimeOffset moment)
    {
        var milliseconds = moment.ToUnixTimeMilliseconds().ToString("x12", CultureInfo.InvariantCulture);
        return $"{milliseconds[..8]}-{milliseconds[8..]}-7000-8000-000000000000";
    }

    public string Next(DateTimeOffset now)
    {
        lock (_lock)
        {
            var millisecond = now.ToUnixTimeMilliseconds();
            if (millisecond > _millisecond) (_millisecond, _count) = (millisecond, 0);
            else if (_count < MaxCount) _count++;
            else (_millisecond, _count) = (_millisecond + 1, 0);

            Span<byte> bytes = stackalloc byte[16];
            Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(_millisecond)).TryWriteBytes(bytes, bigEndian: true, out _);

            // The twelve bits that follow the time, between version and variant.
            bytes[6] = (byte)(Version | (_count >> 8));
            bytes[7] = (byte)_count;
            return new Guid(bytes, bigEndian: true).ToString();
        }
    }
}
