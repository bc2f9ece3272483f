using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;

namespace Proxy.Management.Callbacks;

/// <summary>Encrypts callbacks for their row.</summary>
internal sealed partial class CallbackVault(IDataProtectionProvider protection, ILogger<CallbackVault> logger)
{
    private readonly IDataProtector _protector = protection.CreateProtector("Proxy.Management.Callbacks.v1");

    public string? Lock(IReadOnlyList<TeamCallback> callbacks) => callbacks.Count == 0
        ? null
        : _protector.Protect(JsonSerializer.Serialize(callbacks, CallbackJson.Default.IReadOnlyListTeamCallback));

    /// <returns>Null when the row cannot be decrypted: its owner must not be logged anywhere, since nobody knows where to.</returns>
    public IReadOnlyList<TeamCallback>? Open(string? locked, string owner)
    {
        if (locked is null) return [];

        try
        {
            return JsonSerializer.Deserialize(_protector.Unprotect(locked), CallbackJson.Default.IReadOnlyListTeamCallback)!;
        }
        catch (CryptographicException exception)
        {
            LogUnreadable(exception, owner);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error,
        "The callbacks of {Owner} cannot be decrypted, so its calls are logged nowhere. Was the folder of the protection keys replaced?")]
    private partial void LogUnreadable(Exception exception, string owner);
}
