using Microsoft.AspNetCore.Http;
using Proxy.Management.Access;

namespace Proxy.Management.Auditing;

/// <summary>Who makes the changes of a management call.</summary>
/// <param name="UserId">The user of the key that called.</param>
/// <param name="KeyHash">That key, in hex; null for the master key.</param>
/// <param name="KeyAlias">Its alias.</param>
/// <param name="Claim">Whom the caller says to act for. Nobody has checked that, so it stands beside the caller and never in their place.</param>
internal sealed record AuditActor(string? UserId, string? KeyHash, string? KeyAlias, string? Claim)
{
    private const string ClaimHeader = "litellm-changed-by";
    private const int MaxClaimLength = 256;

    private static readonly AsyncLocal<AuditActor?> Ambient = new();

    /// <summary>Null outside a management call: the gateway itself.</summary>
    public static AuditActor? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    public static AuditActor Of(Caller caller, string? claim = null) => new(caller.UserId, caller.KeyHash?.ToString(), caller.KeyAlias, claim);

    /// <returns>Null for an endpoint that asks for no key.</returns>
    public static AuditActor? Of(HttpContext context)
    {
        if (context.ManagementCaller is not { } caller) return null;

        var claim = context.Request.Headers[ClaimHeader].ToString();
        if (claim.Length > MaxClaimLength) claim = claim[..MaxClaimLength];
        return Of(caller, claim.Length == 0 ? null : claim);
    }
}
