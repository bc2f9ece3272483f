using System.Globalization;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>How many records one target gets at once, and how long they wait for each other.</summary>
/// <param name="BatchSize">So many do not wait for more.</param>
/// <param name="FlushInterval">The longest wait.</param>
internal readonly record struct Pace(int BatchSize, TimeSpan FlushInterval)
{
    /// <summary>How many times that goes at once of what waits anyway: one request is made after the other, so a target that takes long to answer would fall behind for ever.</summary>
    private const int MaxSizes = 10;

    private const int MaxByteSizes = 3;

    public const string BatchSizeOption = "batch_size";
    public const string FlushIntervalOption = "flush_interval";

    private const string AnyBatchSize = "DEFAULT_BATCH_SIZE";
    private const string AnyFlushInterval = "DEFAULT_FLUSH_INTERVAL_SECONDS";

    private const int MaxBatchSize = 10_000;
    private const int MaxSeconds = 3600;

    // An object per second and bucket would cost more than what is in it.
    private static readonly Pace ForBuckets = new(2048, TimeSpan.FromSeconds(20));

    /// <summary>The most that share a request.</summary>
    public int MaxRecords => BatchSize * MaxSizes;

    /// <summary>The largest request.</summary>
    public static int MaxBytes(CompletionLogOptions options) => Math.Min(options.MaxBatchBytes * MaxByteSizes, RecordBatch.MaxBytes);

    /// <summary>What the target itself says, then the environment variables that LiteLLM's users know, then the settings.</summary>
    public static Pace Of(LogTarget? target, CompletionLogOptions options) => Of(target, options, Environment.GetEnvironmentVariable);

    internal static Pace Of(LogTarget? target, CompletionLogOptions options, Func<string, string?> variables)
    {
        var usual = target?.Kind is LogKinds.GoogleStorage or LogKinds.S3 ? ForBuckets : new Pace(options.BatchSize, options.FlushInterval);
        var (size, interval) = target?.Kind switch
        {
            LogKinds.GoogleStorage => ("GCS_BATCH_SIZE", "GCS_FLUSH_INTERVAL"),
            LogKinds.S3 => ("S3_BATCH_SIZE", "S3_FLUSH_INTERVAL_SECONDS"),
            LogKinds.Langfuse => (AnyBatchSize, "LANGFUSE_FLUSH_INTERVAL"),
            _ => (AnyBatchSize, AnyFlushInterval),
        };
        return new(
            First(MaxBatchSize, target?.FindOption(BatchSizeOption), variables(size), variables(AnyBatchSize)) ?? usual.BatchSize,
            First(MaxSeconds, target?.FindOption(FlushIntervalOption), variables(interval), variables(AnyFlushInterval)) is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : usual.FlushInterval);
    }

    private static int? First(int most, params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0) return Math.Min(number, most);
        }

        return null;
    }
}
