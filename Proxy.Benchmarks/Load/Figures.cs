using System.Text.Json.Serialization;

namespace Proxy.Benchmarks.Load;

/// <summary>What one subject came to in one scenario: the median of its rounds. Times in milliseconds.</summary>
internal sealed record Figures
{
    public required string Scenario { get; init; }

    public required string Subject { get; init; }

    public double CallsPerSecond { get; init; }

    /// <summary>Processor time of the subject for one call; null of no proxy.</summary>
    public double? CpuMicrosecondsPerCall { get; init; }

    /// <summary>As a multiple of bare YARP's, pair by pair in the same rounds.</summary>
    public double? CpuAgainstBareYarp { get; init; }

    public double? P50 { get; init; }

    public double? P99 { get; init; }

    /// <summary>What the subject adds to the same percentile without a proxy.</summary>
    public double? P50Added { get; init; }

    public double? P99Added { get; init; }

    public double? FirstChunkP50 { get; init; }

    public double? ChunkDelayP50 { get; init; }

    public double? ChunkDelayP99 { get; init; }

    public double? ResidentMegabytes { get; init; }

    /// <summary>For slow streams: what each of them adds to the resident memory.</summary>
    public double? KilobytesPerStream { get; init; }

    public int Failures { get; init; }
}

/// <summary>A whole run.</summary>
internal sealed record LoadReport(string Machine, string Runtime, DateTimeOffset MeasuredAt, IReadOnlyList<Figures> Figures);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class LoadReportJson : JsonSerializerContext;
