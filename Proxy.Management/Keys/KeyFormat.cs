using System.Buffers.Text;
using System.Security.Cryptography;

namespace Proxy.Management.Keys;

/// <summary>What a key looks like, and how callers may name one.</summary>
internal static class KeyFormat
{
    public const string Prefix = "sk-";

    private const int MinLength = 8;
    private const int MaxLength = 256;
    private const int ShownAtEnd = 4;

    /// <summary>A new key: 16 random bytes.</summary>
    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>Whether a caller may choose this key: what a header can carry unchanged, and not too short.</summary>
    public static bool IsAcceptable(string key) => key.Length is >= MinLength and <= MaxLength && IsPlain(key);

    /// <summary>The shortened key that may be shown and kept.</summary>
    public static string Shorten(string key) => $"{Prefix}...{key[^ShownAtEnd..]}";

    /// <summary>Reads a key that is named by itself or by its hash.</summary>
    public static KeyHash? FindHash(string reference)
    {
        if (IsPlain(reference)) return KeyHash.Of(reference);

        return KeyHash.TryParseHex(reference, out var hash) ? hash : null;
    }

    private static bool IsPlain(string key) =>
        key.StartsWith(Prefix, StringComparison.Ordinal) && key.Length <= MaxLength && !key.AsSpan().ContainsAnyExceptInRange('!', '~');
}
