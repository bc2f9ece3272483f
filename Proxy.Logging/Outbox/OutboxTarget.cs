using System.Security.Cryptography;
using System.Text;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>A log target as the outbox keeps it: under an id that says nothing about its secret, which is encrypted.</summary>
internal sealed class OutboxTarget(LogTarget target, string secretProtected)
{
    private volatile bool _isStored;

    public LogTarget Target { get; } = target;

    public string SecretProtected { get; } = secretProtected;

    public string Id { get; } = IdOf(target);

    /// <summary>As metrics and logs name it.</summary>
    public string Label => field ??= CompletionLogMetrics.LabelOf(Id);

    /// <summary>Set once a transaction with the target's row has been committed, and not before.</summary>
    public bool IsStored
    {
        get => _isStored;
        set => _isStored = value;
    }

    private static string IdOf(LogTarget target) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{target.Kind}\0{target.Host.AbsoluteUri.TrimEnd('/')}\0{target.PublicKey}\0{target.SecretKey}\0{target.Options}\0{target.IsTrusted}")));
}
