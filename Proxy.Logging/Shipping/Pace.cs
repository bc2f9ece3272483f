using System.Globalization;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>How many records one target gets at once, and how long they wait for each other.</summary>
internal readonly record struct Pace(int BatchSize, TimeSpan FlushInterval)
{
    public const string BatchSizeOption = "batch_size";
    public const string FlushIntervalOption = "flush_interval";

    private const int MaxBatchSize = 10_000;
    private const int MaxSeconds = 3600;

    // An object per second and bucket would cost more than what is in it.
    private static readonly Pace ForBuckets = new(2048, TimeSpan.FromSeconds(20));

    /// <summary>What the target itself says, then the environment variables that LiteLLM's users know, then the settings.</summary>
    public static Pace Of(LogTarget? target, CompletionLogOptions options)
    {
        var usual = target?.Kind switch
        {
            LogKinds.GoogleStorage => new(Read("GCS_BATCH_SIZE", MaxBatchSize) ?? ForBuckets.BatchSize, Seconds(Read("GCS_FLUSH_INTERVAL", MaxSeconds)) ?? ForBuckets.FlushInterval),
            LogKinds.S3 => new(Read("S3_BATCH_SIZE", MaxBatchSize) ?? ForBuckets.BatchSize, Seconds(Read("S3_FLUSH_INTERVAL_SECONDS", MaxSeconds)) ?? ForBuckets.FlushInterval),
            _ => new Pace(options.BatchSize, options.FlushInterval),
        };
        return new(
            Parse(target?.FindOption(BatchSizeOption), MaxBatchSize) ?? usual.BatchSize,
            Seconds(Parse(target?.FindOption(FlushIntervalOption), MaxSeconds)) ?? usual.FlushInterval);
    }

    private static int? Read(string variable, int most) => Parse(Environment.GetEnvironmentVariable(variable), most);

    private static int? Parse(string? text, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? Math.Min(number, most) : null;

    private static TimeSpan? Seconds(int? seconds) => seconds is { } count ? TimeSpan.FromSeconds(count) : null;
}
