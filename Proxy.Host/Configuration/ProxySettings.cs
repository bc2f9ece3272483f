using System.ComponentModel.DataAnnotations;
using Proxy.Host.Models;
using Proxy.Host.Recording;
using Proxy.Logging;
using Proxy.Management.Prices;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>Everything that proxy.json and the environment say, checked as a whole: what serves is always one such snapshot.</summary>
internal sealed record ProxySettings
{
    public required IReadOnlyList<RouteConfig> Routes { get; init; }

    public required IReadOnlyList<ClusterConfig> Clusters { get; init; }

    public required ModelCatalog Models { get; init; }

    public required PriceTable Prices { get; init; }

    public required RequestOptions Requests { get; init; }

    public required CompletionLogOptions CompletionLog { get; init; }

    /// <summary>Where calls are logged whose key and team do not say it.</summary>
    public required GlobalLogging Logging { get; init; }

    public required ManagementOptions Management { get; init; }

    /// <summary>What the operator should mend, though it works.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}

/// <summary>Section <c>Requests</c>.</summary>
internal sealed class RequestOptions
{
    public const string Section = "Requests";

    /// <summary>The largest body that is read of a call. The default value is 32 MB.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 32 * 1024 * 1024;
}

/// <summary>Section <c>Management</c>. A change takes a restart.</summary>
internal sealed class ManagementOptions
{
    public const string Section = "Management";

    /// <summary>Where keys, spend and the outbox live. The default value is <c>sqlite:data/proxy.db</c>, relative to the working directory.</summary>
    [Required]
    public string Database { get; set; } = "sqlite:data/proxy.db";

    /// <summary><c>Normal</c> keeps every commit when the process dies; <c>Full</c> also when the machine does, for a disk flush per commit.</summary>
    [RegularExpression("(?i)^(normal|full)$", ErrorMessage = "Synchronous is 'Normal' or 'Full'.")]
    public string Synchronous { get; set; } = "Normal";
}
