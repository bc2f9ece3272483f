using System.Security.Cryptography;
using System.Text;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>A log target as the outbox keeps it: under an id that says nothing about its secret, which is encrypted.</summary>
internal sealed class OutboxTarget(LogTarget target, string secretProtected)
{
    private volatile bool _isStored;
    private volatile BatchFormat? _format;
    private volatile bool _isBehind;

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

    /// <summary>How its sender last found that it takes records; null until then.</summary>
    public BatchFormat? Format
    {
        get => _format;
        set => _format = value;
    }

    /// <summary>Its rows wait, and will be read from the outbox.</summary>
    public bool IsBehind
    {
        get => _isBehind;
        set => _isBehind = value;
    }

    private static string IdOf(LogTarget target) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{target.Kind}\0{target.Host.AbsoluteUri.TrimEnd('/')}\0{target.PublicKey}\0{target.SecretKey}\0{target.Options}\0{target.IsTrusted}")));
}
