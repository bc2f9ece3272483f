using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Proxy.Management.Keys;

/// <summary>The SHA-256 of a whole key, <c>sk-</c> included: the only form in which a key is kept.</summary>
public readonly struct KeyHash : IEquatable<KeyHash>
{
    public const int Size = 32;

    private readonly ulong _first, _second, _third, _fourth;

    public KeyHash(ReadOnlySpan<byte> sha256)
    {
        if (sha256.Length != Size) throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(sha256));

        _first = BinaryPrimitives.ReadUInt64BigEndian(sha256);
        _second = BinaryPrimitives.ReadUInt64BigEndian(sha256[8..]);
        _third = BinaryPrimitives.ReadUInt64BigEndian(sha256[16..]);
        _fourth = BinaryPrimitives.ReadUInt64BigEndian(sha256[24..]);
    }

    public static bool operator ==(KeyHash left, KeyHash right) => left.Equals(right);

    public static bool operator !=(KeyHash left, KeyHash right) => !left.Equals(right);

    /// <summary>Hashes the key; without allocation up to a length that every real key has.</summary>
    public static KeyHash Of(ReadOnlySpan<char> key)
    {
        const int MaxOnStack = 1024;
        var size = Encoding.UTF8.GetMaxByteCount(key.Length);
        var bytes = size <= MaxOnStack ? stackalloc byte[MaxOnStack] : new byte[size];
        var length = Encoding.UTF8.GetBytes(key, bytes);

        Span<byte> sha256 = stackalloc byte[Size];
        SHA256.HashData(bytes[..length], sha256);
        return new KeyHash(sha256);
    }

    /// <returns>False when the text is not 64 hexadecimal digits.</returns>
    public static bool TryParseHex(ReadOnlySpan<char> hex, out KeyHash hash)
    {
        Span<byte> sha256 = stackalloc byte[Size];
        var isHash = hex.Length == 2 * Size && Convert.FromHexString(hex, sha256, out _, out _) == System.Buffers.OperationStatus.Done;
        hash = isHash ? new KeyHash(sha256) : default;
        return isHash;
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _first);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _second);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _third);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _fourth);
    }

    public byte[] ToArray()
    {
        var sha256 = new byte[Size];
        CopyTo(sha256);
        return sha256;
    }

    public bool Equals(KeyHash other) =>
        _first == other._first && _second == other._second && _third == other._third && _fourth == other._fourth;

    public override bool Equals(object? obj) => obj is KeyHash other && Equals(other);

    /// <remarks>Seeded per process, so that nobody can look for keys that meet in one bucket.</remarks>
    public override int GetHashCode() => HashCode.Combine(_first, _second);

    /// <returns>64 lower-case hexadecimal digits.</returns>
    public override string ToString()
    {
        Span<byte> sha256 = stackalloc byte[Size];
        CopyTo(sha256);
        return Convert.ToHexStringLower(sha256);
    }
}
