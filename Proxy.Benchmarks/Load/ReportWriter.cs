using System.Globalization;
using System.Runtime.InteropServices;

namespace Proxy.Benchmarks.Load;

/// <summary>Writes each scenario as a table of Markdown as soon as it is measured, and keeps all for the JSON.</summary>
internal sealed class ReportWriter
{
    private readonly TextWriter _output;
    private readonly List<Figures> _all = [];

    public ReportWriter(TextWriter output)
    {
        _output = output;
        _output.WriteLine($"{Whole.Machine}; {Whole.Runtime}; {(MeasuredProcess.IsPinned ? "subject on one core, load and provider on another" : "not pinned to cores: rates mean little")}");
    }

    public LoadReport Whole => new(MachineName, RuntimeInformation.FrameworkDescription, TimeProvider.System.GetUtcNow(), _all);

    private static string MachineName
    {
        get
        {
            var model = File.Exists("/proc/cpuinfo")
                ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
                : null;
            return $"{Environment.ProcessorCount} cores of {model ?? RuntimeInformation.ProcessArchitecture.ToString()}, {RuntimeInformation.OSDescription}";
        }
    }

    public void Add(IReadOnlyList<Figures> figures)
    {
        _all.AddRange(figures);
        _output.WriteLine();
        _output.WriteLine($"| {figures[0].Scenario} | calls/s | CPU µs per call | × bare YARP | p50 added ms | p99 added ms | first chunk p50 ms | chunk delay p50, p99 ms | RSS MB | KiB per stream | failed |");
        _output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var line in figures)
        {
            _output.WriteLine(
                $"| {line.Subject} | {Text(line.CallsPerSecond, "#,0")} | {Text(line.CpuMicrosecondsPerCall, "0")} | {Text(line.CpuAgainstBareYarp, "0.00")} | {Text(line.P50Added, "0.00")} | {Text(line.P99Added, "0.00")} "
                + $"| {Text(line.FirstChunkP50, "0.00")} | {Text(line.ChunkDelayP50, "0.00")}, {Text(line.ChunkDelayP99, "0.00")} | {Text(line.ResidentMegabytes, "0")} | {Text(line.KilobytesPerStream, "0.0")} | {line.Failures} |");
        }
    }

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
