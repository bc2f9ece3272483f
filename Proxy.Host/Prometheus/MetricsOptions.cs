using System.ComponentModel.DataAnnotations;

namespace Proxy.Host.Prometheus;

/// <summary>Section <c>Metrics</c>: what <c>GET /metrics</c> shows, and to whom. A change takes a restart.</summary>
internal sealed class MetricsOptions
{
    public const string Section = "Metrics";

    /// <summary>Whether anybody may read them, without a key. They hold hashes of keys, and names of teams and users. The default value is false.</summary>
    public bool Public { get; set; }

    /// <summary>How many combinations of labels are kept apart; calls of further ones are counted together. The default value is 1,000.</summary>
    [Range(1, 100_000)]
    public int MaxSeries { get; set; } = 1000;

    /// <summary>Whether the customer of a call is a label too. The default value is false.</summary>
    public bool EndUsers { get; set; }
}
