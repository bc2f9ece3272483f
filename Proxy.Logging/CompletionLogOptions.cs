using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Proxy.Logging;

/// <summary>How records are batched and sent. Changes apply from the next batch on.</summary>
public sealed class CompletionLogOptions
{
    public const string Section = "CompletionLog";

    /// <summary>So many records are sent without waiting for more, at a busy target 61 ms after the request before. Ten times as many share a request when they wait because their target takes its time. The default value is 100.</summary>
    [Range(1, 1000)]
    public int BatchSize { get; set; } = 100;

    /// <summary>So many bytes, uncompressed, are sent without waiting for more. When more wait, a request is up to three times as large, and never larger than 3 MB. The default value is 1 MB.</summary>
    [Range(10_000, 3_000_000)]
    public int MaxBatchBytes { get; set; } = 1_000_000;

    /// <summary>Longest time that a record waits for others to share its request. The default value is 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time for one request. The default value is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time to send what waits when the program stops; the rest is sent after the next start. The default value is 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest input and longest output of a record; a longer one loses its middle. The default value is 400 KB.</summary>
    [Range(1_000, 4_000_000)]
    public int MaxFieldBytes { get; set; } = 400_000;

    /// <summary>The disk that waiting records may take; <see cref="AtLimit"/> says what happens then. The default value is 10 GB.</summary>
    [Range(100_000, long.MaxValue)]
    public long MaxOutboxBytes { get; set; } = 10_000_000_000;

    /// <summary>Records, and dead letters, that are older are dropped and counted. The default value is 31 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(31);

    /// <summary>What happens at <see cref="MaxOutboxBytes"/> to calls of teams that do not say it themselves: <c>shed-bodies</c> (default), <c>refuse-calls</c> or <c>drop-oldest</c>.</summary>
    [RegularExpression("^(shed-bodies|refuse-calls|drop-oldest)$", ErrorMessage = "AtLimit is 'shed-bodies', 'refuse-calls' or 'drop-oldest'.")]
    public string AtLimit { get; set; } = "shed-bodies";

    /// <summary>Hosts, addresses and networks, separated by commas, that targets named by others than admins may be at though they are not public.</summary>
    public string AllowedHosts { get; set; } = "";

    public LimitPolicy LimitPolicy => LimitPolicies.Find(AtLimit) ?? LimitPolicy.ShedBodies;
}

/// <summary>What happens to calls when the outbox has used up its disk.</summary>
public enum LimitPolicy
{
    /// <summary>Records are kept without what was said; when even that is too much, the oldest go.</summary>
    ShedBodies,

    /// <summary>No call is made that could not be logged whole.</summary>
    RefuseCalls,

    /// <summary>The owner's oldest records go for its new ones.</summary>
    DropOldest,
}

public static class LimitPolicies
{
    public static LimitPolicy? Find(string? text) => text switch
    {
        "shed-bodies" => LimitPolicy.ShedBodies,
        "refuse-calls" => LimitPolicy.RefuseCalls,
        "drop-oldest" => LimitPolicy.DropOldest,
        _ => null,
    };
}

[OptionsValidator]
internal sealed partial class CompletionLogOptionsValidator : IValidateOptions<CompletionLogOptions>;
