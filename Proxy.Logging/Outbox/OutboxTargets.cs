using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>Encrypts and decrypts the secrets of targets, and remembers the targets in use, since encrypting is slow.</summary>
internal sealed class OutboxTargets(IDataProtectionProvider protection)
{
    // Far more than there are teams; a caller that makes up targets must not fill the memory.
    private const int MaxRemembered = 4096;

    private readonly IDataProtector _protector = protection.CreateProtector("Proxy.Logging.LogTarget.v1");
    private readonly ConcurrentDictionary<LogTarget, OutboxTarget> _targets = new();
    private int _count;

    // By the object: the hash of a target is that of all its texts, and each call asks.
    private readonly ConditionalWeakTable<LogTarget, OutboxTarget> _seen = [];

    public OutboxTarget Get(LogTarget target) => _seen.TryGetValue(target, out var seen) ? seen : _seen.GetValue(target, Find);

    /// <returns>Null when the secret cannot be decrypted, as after the loss of the key ring.</returns>
    public LogTarget? Open(TargetRow row)
    {
        try
        {
            return new(new Uri(row.Host), row.PublicKey, _protector.Unprotect(row.SecretProtected))
            {
                Kind = row.Kind,
                Options = row.Options,
                IsTrusted = row.IsTrusted,
            };
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private OutboxTarget Find(LogTarget target) => _targets.TryGetValue(target, out var known) ? known : Remember(target);

    private OutboxTarget Remember(LogTarget target)
    {
        if (Interlocked.Increment(ref _count) > MaxRemembered)
        {
            Interlocked.Exchange(ref _count, 1);
            _targets.Clear();
        }

        return _targets.GetOrAdd(target, new OutboxTarget(target, _protector.Protect(target.SecretKey)));
    }
}
