using System.Globalization;
using Microsoft.Extensions.Primitives;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Access;

/// <summary>The refusals of authentication, in the words that clients match on.</summary>
internal static class AuthErrors
{
    public const string UnknownKeyType = "token_not_found_in_db";

    public static readonly ProxyError NoKey = Unauthorized("No api key passed in.");

    public static readonly ProxyError KeyBlocked = Unauthorized("Key is blocked. Update via `/key/unblock` if you're admin.");

    public static ProxyError Malformed(StringSegment value) => Unauthorized(
        $"Malformed API Key passed in. Ensure Key has `Bearer ` prefix. Passed in: {PresentedKey.Mask(value)}");

    public static ProxyError NotAVirtualKey(StringSegment key) => Unauthorized(
        $"LiteLLM Virtual Key expected. Received={PresentedKey.Mask(key)}, expected to start with 'sk-'.");

    public static ProxyError Unknown(in KeyHash hash) => new(
        401,
        UnknownKeyType,
        $"Authentication Error, Invalid proxy server token passed. key={hash}, not found in db. Create key via `/key/generate` call.",
        "key");

    public static ProxyError TeamBlocked(string teamId) => Unauthorized(
        $"Team={teamId} is blocked. Update via `/team/unblock` if your admin.");

    public static ProxyError Expired(DateTimeOffset expiry, DateTimeOffset now) => new(
        400,
        "expired_key",
        $"Authentication Error - Expired Key. Key Expiry time {Format(expiry)} and current time {Format(now)}");

    public static ProxyError NotAdmin(string route, Caller caller) => Unauthorized(
        "Only proxy admin can be used to generate, delete, update info for new keys/users/teams. "
        + $"Route={route}. Your role={RoleNames.Of(caller.Role)}. Your user_id={caller.UserId ?? "unknown"}");

    public static ProxyError ViewerMayNot(string route) => new(
        403, ProxyError.AuthError, $"user not allowed to access this route, role= proxy_admin_viewer. Trying to access: {route}");

    public static ProxyError RouteNotAllowed(string route, RouteList allowed) => new(
        403,
        ProxyError.AuthError,
        $"Virtual key is not allowed to call this route. Only allowed to call routes: {allowed}. Tried to call route: {route}");

    public static ProxyError MasterKeyOnly(string route) => Unauthorized($"Tried to access route={route}, which is only for MASTER KEY");

    private static ProxyError Unauthorized(string message) => new(401, ProxyError.AuthError, "Authentication Error, " + message);

    private static string Format(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
