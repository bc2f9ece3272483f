using Microsoft.AspNetCore.Http;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Access;

/// <summary>Says who is calling. A key that was seen before is answered at once and without allocation.</summary>
public sealed class Authenticator
{
    private readonly MasterKey _masterKey;
    private readonly KeyRing _ring;
    private readonly TimeProvider _time;

    internal Authenticator(MasterKey masterKey, KeyRing ring, TimeProvider time) => (_masterKey, _ring, _time) = (masterKey, ring, time);

    public ValueTask<Authentication> AuthenticateAsync(IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        var (header, key, isMalformed) = PresentedKey.Find(headers);
        if (isMalformed) return Refuse(AuthErrors.Malformed(key.Length > 0 ? key : header));
        if (header is null) return Refuse(AuthErrors.NoKey);

        var hash = KeyHash.Of(key);
        if (_masterKey.Matches(hash)) return new ValueTask<Authentication>(new Authentication(Caller.Master, null));
        if (!key.StartsWith("sk-", StringComparison.Ordinal)) return Refuse(AuthErrors.NotAVirtualKey(key));

        var found = _ring.FindAsync(hash);
        return found.IsCompletedSuccessfully
            ? new ValueTask<Authentication>(Admit(hash, found.Result))
            : AdmitAsync(hash, found, cancellationToken);
    }

    /// <summary>Whether a caller may go on that was admitted a while ago: its key may be blocked, expired or deleted since.</summary>
    /// <returns>Why not, or null.</returns>
    public ProxyError? FindRefusal(Caller caller) => caller.Key is not { } key ? null
        : ReferenceEquals(_ring.FindLoaded(key.Current.Hash), key) ? FindRefusal(key)
        : AuthErrors.Unknown(key.Current.Hash);

    private static ValueTask<Authentication> Refuse(ProxyError error) => new(new Authentication(null, error));

    private async ValueTask<Authentication> AdmitAsync(KeyHash hash, ValueTask<KeyState?> found, CancellationToken cancellationToken) =>
        Admit(hash, await found.AsTask().WaitAsync(cancellationToken));

    private Authentication Admit(in KeyHash hash, KeyState? key) => key is null
        ? new Authentication(null, AuthErrors.Unknown(hash))
        : new Authentication(key.Caller, FindRefusal(key));

    /// <remarks>The order is part of the contract: a blocked key says so, even when it is over its budget too.</remarks>
    private ProxyError? FindRefusal(KeyState key)
    {
        var identity = key.Current;
        if (identity.IsBlocked == true) return AuthErrors.KeyBlocked;
        if (key.Team is { Current.IsBlocked: true } blocked) return AuthErrors.TeamBlocked(blocked.Current.TeamId);
        if (identity.ExpiresAt is { } expiry && expiry <= _time.GetUtcNow()) return AuthErrors.Expired(expiry, _time.GetUtcNow());

        return null;
    }
}
