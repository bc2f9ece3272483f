using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Proxy.Management.Access;

/// <summary>Finds the key in the headers of a request.</summary>
internal static class PresentedKey
{
    /// <summary>Longer values are no keys, and are not hashed.</summary>
    public const int MaxLength = 1024;

    private const string SocketPrefix = "openai-insecure-api-key.";
    private static readonly string[] Prefixes = ["Bearer ", "Basic "];
    private static readonly string[] PlainHeaders = ["api-key", "x-api-key", "x-goog-api-key"];

    /// <returns>The first header that holds something decides. No key: nothing was passed.</returns>
    public static (string? Header, StringSegment Key, bool IsMalformed) Find(IHeaderDictionary headers)
    {
        if (TryTake(headers, "x-litellm-api-key", out var value, out var isMalformed))
            return (value, TryCutPrefix(value, out var cut) ? cut : value, isMalformed);

        if (TryTake(headers, "Authorization", out value, out isMalformed))
        {
            var hasPrefix = TryCutPrefix(value, out var cut);
            return (value, cut, isMalformed || !hasPrefix || cut.Length == 0);
        }

        foreach (var name in PlainHeaders)
        {
            if (TryTake(headers, name, out value, out isMalformed)) return (value, value, isMalformed);
        }

        return OfSocket(headers);
    }

    /// <summary>Browsers can give a websocket no header but the list of its protocols.</summary>
    private static (string? Header, StringSegment Key, bool IsMalformed) OfSocket(IHeaderDictionary headers)
    {
        if (!headers.TryGetValue("Sec-WebSocket-Protocol", out var offered)) return (null, default, false);

        foreach (var protocol in offered.SelectMany(list => list?.Split(',', StringSplitOptions.TrimEntries) ?? []))
        {
            if (protocol.StartsWith(SocketPrefix, StringComparison.Ordinal)) return (protocol, protocol[SocketPrefix.Length..], protocol.Length > MaxLength);
        }

        return (null, default, false);
    }

    /// <summary>The key as an error may show it.</summary>
    public static string Mask(StringSegment key) => key.Length >= 16
        ? $"{key.Substring(0, 3)}...{key.Substring(key.Length - 4)}"
        : "***";

    private static bool TryTake(IHeaderDictionary headers, string name, out string value, out bool isMalformed)
    {
        (value, isMalformed) = ("", false);
        if (!headers.TryGetValue(name, out var values) || values.Count == 0) return false;

        // Two values: another server on the way might read the other one.
        isMalformed = values.Count > 1 || values[0]?.Length > MaxLength;
        value = values[0] ?? "";
        return isMalformed || !string.IsNullOrWhiteSpace(value);
    }

    private static bool TryCutPrefix(string value, out StringSegment key)
    {
        foreach (var prefix in Prefixes)
        {
            if (!value.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) continue;

            key = new StringSegment(value, prefix.Length, value.Length - prefix.Length).Trim();
            return true;
        }

        key = default;
        return false;
    }
}
