using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Load;

/// <summary>All subjects side by side against one provider: started once, warmed, then measured in turn, round by round.</summary>
/// <remarks>A shared machine drifts; what is measured in the same round can be compared, and medians of ratios are quoted.</remarks>
internal sealed class LoadSuite(TimeSpan roundLength, int rounds, TimeSpan warmUp) : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("proxy-load-").FullName;
    private readonly List<MeasuredProcess> _processes = [];
    private readonly List<Subject> _subjects = [];
    private int _providerPort;

    /// <summary>Starts the provider and the subjects, and warms each until its code is compiled well.</summary>
    /// <param name="others">Whether other proxies than bare YARP are measured, where the machine has them.</param>
    /// <param name="only">Only the subjects whose name holds this, beside no proxy and bare YARP.</param>
    /// <param name="settings">Environment variables of the gateway alone, to see what a setting does.</param>
    /// <param name="build">The folder of another build of the gateway, which is measured too.</param>
    public async Task StartAsync(bool others, string only = "", IEnumerable<KeyValuePair<string, string>>? settings = null, string? build = null)
    {
        _providerPort = MeasuredProcess.FreePort();
        _processes.Add(await ProviderServer.StartAsync(MeasuredProcess.LoadCore, _providerPort));

        _subjects.Add(new Subject(Subject.Direct, _providerPort, Key: null, Process: null));
        Add(await BareYarp.StartAsync(MeasuredProcess.SubjectCore, _providerPort));
        if (others) Add(await BareYarp.StartAsync(MeasuredProcess.SubjectCore, _providerPort, YarpLogging.None));
        if (others) Add(await BareYarp.StartAsync(MeasuredProcess.SubjectCore, _providerPort, YarpLogging.Template));
        if (others) Add(await Nginx.TryStartAsync(MeasuredProcess.SubjectCore, _providerPort, _folder));
        if (others) Add(await Portkey.TryStartAsync(MeasuredProcess.SubjectCore, _providerPort));
        foreach (var subject in await Gateway.StartAsync(MeasuredProcess.SubjectCore, _providerPort, _folder, settings ?? [])) Add(subject);
        if (build is not null)
        {
            var folder = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
            foreach (var subject in await Gateway.StartAsync(MeasuredProcess.SubjectCore, _providerPort, folder, settings ?? [], build: build)) Add(subject with { Name = subject.Name.Replace("gateway", "other", StringComparison.Ordinal) });
        }

        _subjects.RemoveAll(subject => subject.Name is not Subject.Direct and not BareYarp.Name && !subject.Name.Contains(only, StringComparison.OrdinalIgnoreCase));
        foreach (var subject in _subjects.Where(subject => subject.Process is not null))
        {
            var length = subject.IsVariant ? warmUp / 4 : warmUp;
            await LoadClient.RunAsync(subject.Port, subject.Request(ProviderServer.Small, 700), 64, length);
            await LoadClient.RunAsync(subject.Port, subject.Request(ProviderServer.Stream, 700), 16, length / 4);
            await subject.SettleAsync();
        }
    }

    public async Task<IReadOnlyList<Figures>> MeasureAsync(Scenario scenario)
    {
        var subjects = _subjects.Where(subject => scenario.Variants || !subject.IsVariant).ToList();
        var runs = subjects.ToDictionary(subject => subject, _ => new List<Run>());
        double? pace = scenario.IsHalfLoad ? await FindThroughputAsync(scenario) / 2 : null;
        for (var round = 0; round < rounds; round++)
        {
            foreach (var subject in subjects) runs[subject].Add(await RunAsync(scenario, subject, pace));
        }

        var direct = runs[subjects[0]];
        var yarp = runs[subjects[1]];
        return [.. subjects.Select(subject => Sum(scenario, subject, runs[subject], direct, yarp))];
    }

    /// <summary>Memory with many slow streams open, of every subject on its own.</summary>
    public async Task<IReadOnlyList<Figures>> MeasureMemoryAsync(int streams, TimeSpan hold)
    {
        var figures = new List<Figures>();
        foreach (var subject in _subjects.Where(subject => subject.Process is not null && !subject.IsVariant))
        {
            var before = subject.Process!.ResidentMegabytes;
            var (open, during) = await LoadClient.HoldAsync(
                subject.Port, subject.Request(ProviderServer.SlowStream, 700), streams, hold, () => subject.Process.ResidentMegabytes);
            figures.Add(new Figures
            {
                Scenario = $"{streams} slow streams",
                Subject = subject.Name,
                ResidentMegabytes = during,
                KilobytesPerStream = (during - before) * 1024 / Math.Max(1, open),
                Failures = streams - open,
            });
            await subject.SettleAsync();
        }

        return figures;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes)) await process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private void Add(Subject? subject)
    {
        if (subject is null) return;

        _subjects.Add(subject);
        if (!_processes.Contains(subject.Process!)) _processes.Add(subject.Process!);
    }

    /// <summary>How many calls a second the gateway takes with everything on; where that is not measured, the last subject.</summary>
    private async Task<double> FindThroughputAsync(Scenario scenario)
    {
        var gateway = _subjects.FirstOrDefault(subject => subject.Name == Gateway.Everything) ?? _subjects[^1];
        return (await RunAsync(scenario, gateway, pace: null)).Sample.Durations.Count / roundLength.TotalSeconds;
    }

    private async Task<Run> RunAsync(Scenario scenario, Subject subject, double? pace)
    {
        var before = subject.Process?.ProcessorTime ?? default;
        var sample = await LoadClient.RunAsync(subject.Port, subject.Request(scenario.Model, scenario.Padding), scenario.Connections, roundLength, pace);
        await subject.SettleAsync();
        return new Run(sample, (subject.Process?.ProcessorTime ?? default) - before, subject.Process?.ResidentMegabytes);
    }

    private Figures Sum(Scenario scenario, Subject subject, List<Run> runs, List<Run> direct, List<Run> yarp) => new()
    {
        Scenario = scenario.Name,
        Subject = subject.Name,
        CallsPerSecond = Median(runs.Select(run => run.Sample.Durations.Count / roundLength.TotalSeconds)) ?? 0,
        CpuMicrosecondsPerCall = subject.Process is null ? null : Median(runs.Select(run => run.CpuPerCall)),
        CpuAgainstBareYarp = subject.Process is null ? null : Median(runs.Zip(yarp, (run, other) => run.CpuPerCall / other.CpuPerCall)),
        P50 = Median(runs.Select(run => run.At(0.5))),
        P99 = Median(runs.Select(run => run.At(0.99))),
        P50Added = subject.Process is null ? null : Median(runs.Zip(direct, (run, other) => run.At(0.5) - other.At(0.5))),
        P99Added = subject.Process is null ? null : Median(runs.Zip(direct, (run, other) => run.At(0.99) - other.At(0.99))),
        FirstChunkP50 = Median(runs.Select(run => LoadSample.Percentile(run.Sample.FirstChunks, 0.5))),
        ChunkDelayP50 = Median(runs.Select(run => LoadSample.Percentile(run.Sample.ChunkDelays, 0.5))),
        ChunkDelayP99 = Median(runs.Select(run => LoadSample.Percentile(run.Sample.ChunkDelays, 0.99))),
        ResidentMegabytes = runs[^1].ResidentMegabytes,
        Failures = runs.Sum(run => run.Sample.Failures),
    };

    private static double? Median(IEnumerable<double?> values)
    {
        var sorted = values.OfType<double>().Where(double.IsFinite).Order().ToList();
        return sorted.Count == 0 ? null : sorted[sorted.Count / 2];
    }

    private static double? Median(IEnumerable<double> values) => Median(values.Select(value => (double?)value));

    /// <summary>One subject in one round.</summary>
    private sealed record Run(LoadSample Sample, TimeSpan Processor, double? ResidentMegabytes)
    {
        public double CpuPerCall => Processor.TotalMicroseconds / Sample.Durations.Count;

        public double? At(double share) => LoadSample.Percentile(Sample.Durations, share);
    }
}
