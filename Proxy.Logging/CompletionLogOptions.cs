using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Proxy.Logging;

/// <summary>How records are batched and sent. Changes apply from the next batch on.</summary>
public sealed class CompletionLogOptions
{
    public const string Section = "CompletionLog";

    /// <summary>Most records in one request. The default value is 100.</summary>
    [Range(1, 1000)]
    public int BatchSize { get; set; } = 100;

    /// <summary>A batch of this size, uncompressed, is sent without waiting for more. The default value is 1 MB.</summary>
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
}

[OptionsValidator]
internal sealed partial class CompletionLogOptionsValidator : IValidateOptions<CompletionLogOptions>;
