using System.ComponentModel.DataAnnotations;
using Proxy.Host.Models;
using Proxy.Host.Prometheus;
using Proxy.Host.Recording;
using Proxy.Host.Rehearsals;
using Proxy.Host.Telemetry;
using Proxy.Logging;
using Proxy.Management.Keys;
using Proxy.Management.Prices;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>Everything that proxy.json and the environment say, checked as a whole: what serves is always one such snapshot.</summary>
internal sealed record ProxySettings
{
    public required IReadOnlyList<RouteConfig> Routes { get; init; }

    public required IReadOnlyList<ClusterConfig> Clusters { get; init; }

    public required ModelCatalog Models { get; init; }

    public required AccessGroups AccessGroups { get; init; }

    public required AlertOptions Alerts { get; init; }

    public required MailOptions Mail { get; init; }

    /// <summary>Who may make keys, what new ones get of which nothing is said, and the most that keys may be given.</summary>
    public required KeyGenerationSettings Keys { get; init; }

    public required TeamOptions Teams { get; init; }

    public required PriceTable Prices { get; init; }

    /// <summary>Calls of models without a price are refused.</summary>
    public required bool RefusesUnpriced { get; init; }

    public required LimitOptions Limits { get; init; }

    public required RequestOptions Requests { get; init; }

    public required RoutingOptions Routing { get; init; }

    /// <summary>Models that any call may go on to, behind those of its own cluster.</summary>
    public required IReadOnlyList<string> DefaultFallbacks { get; init; }

    public required CompletionLogOptions CompletionLog { get; init; }

    /// <summary>Where calls are logged whose key and team do not say it.</summary>
    public required GlobalLogging Logging { get; init; }

    public required ManagementOptions Management { get; init; }

    public required RehearsalOptions Rehearsal { get; init; }

    public required MetricsOptions Metrics { get; init; }

    public required TraceOptions Traces { get; init; }

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

    /// <summary>
    /// Whether calls may begin what costs money after their answer: batches, trainings, and runs of assistants that are not streamed. It is held in no budget, and billed when somebody looks at how it
    /// ended. The default value is false.
    /// </summary>
    public bool AllowLaterCost { get; set; }

    /// <summary>The largest file that is passed on to a provider. The default value is 512 MB.</summary>
    [Range(1024L, 1024L * 1024 * 1024 * 1024)]
    public long MaxFileBytes { get; set; } = 512L * 1024 * 1024;

    /// <summary>
    /// Whether calls may refer to things that a provider keeps and that no call through this gateway made. By default only what a caller's own calls made can be referred to.
    /// </summary>
    public bool AllowUnknownIds { get; set; }

    /// <summary>How long calls under way may go on when the program is stopped. The default value is 20 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a client may leave its answer unread before it is cut. The default value is one minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan ReaderTimeout { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>Section <c>Routing</c>.</summary>
internal sealed class RoutingOptions
{
    public const string Section = "Routing";

    /// <summary>How often a failed attempt is followed by another at the same model. The default value is 2.</summary>
    [Range(0, 10)]
    public int Retries { get; set; } = 2;

    /// <summary>How many other models a call may go on to. The default value is 5.</summary>
    [Range(0, 16)]
    public int MaxFallbacks { get; set; } = 5;

    /// <summary>
    /// Whether parameters that a provider's API does not have are left out of translated calls, and named in a header of the answer. By default such calls are refused.
    /// </summary>
    public bool DropUnsupportedParameters { get; set; }

    /// <summary>Models, separated by commas, that any call may go on to.</summary>
    public string DefaultFallbacks { get; set; } = "";

    /// <summary>How long a destination that failed is left alone when its provider says nothing. The default value is 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan CooldownTime { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>Section <c>Management</c>. A change takes a restart.</summary>
internal sealed class ManagementOptions
{
    public const string Section = "Management";

    /// <summary>
    /// Where keys, spend and the outbox live: <c>sqlite:PATH</c>, or a PostgreSQL URL or connection string; also <c>env:NAME</c> or <c>file:PATH</c> of one.
    /// The default value is <c>sqlite:data/proxy.db</c>, relative to the working directory.
    /// </summary>
    [Required]
    public string Database { get; set; } = "sqlite:data/proxy.db";

    /// <summary>The password of a PostgreSQL database, as <c>env:NAME</c> or <c>file:PATH</c>.</summary>
    public string? DatabasePassword { get; set; }

    /// <summary>Where the admin key and the keys of encryption lie. The default value is the folder of the SQLite file, else <c>data</c>.</summary>
    public string? DataFolder { get; set; }

    /// <summary><c>Normal</c> keeps every commit when the process dies; <c>Full</c> also when the machine does, for a disk flush per commit.</summary>
    [RegularExpression("(?i)^(normal|full)$", ErrorMessage = "Synchronous is 'Normal' or 'Full'.")]
    public string Synchronous { get; set; } = "Normal";

    /// <summary>Whether changes made by the management API are written down with who made them.</summary>
    public bool Audit { get; set; } = true;

    /// <summary>How many days that is kept. Without it, for ever.</summary>
    [Range(1, 36500)]
    public int? AuditDays { get; set; }
}
