using System.Globalization;
using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Load;

/// <summary>
/// What the log takes of the throughput: one gateway with everything on, with a team that is logged and one that is not, in turn, in rounds so short that a shared machine is the same for all of
/// a round. Each round goes there and back, so that whoever comes later has no advantage.
/// </summary>
internal static class LogRun
{
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);

    /// <param name="rounds">Of four turns for each build.</param>
    /// <param name="builds">Folders of gateways that are measured in the same rounds; null for the one beside the benchmarks.</param>
    public static async Task<int> RunAsync(int rounds, params IReadOnlyList<string?> builds)
    {
        var folder = Directory.CreateTempSubdirectory("proxy-log-").FullName;
        var gateways = new List<(string Name, Subject Logged, Subject Unlogged)>();
        try
        {
            var providerPort = MeasuredProcess.FreePort();
            await using var provider = await ProviderServer.StartAsync(MeasuredProcess.LoadCore, providerPort);
            foreach (var build in builds)
            {
                var name = build ?? "this build";
                var subjects = await Gateway.StartAsync(MeasuredProcess.SubjectCore, providerPort, Directory.CreateDirectory(Path.Combine(folder, $"{gateways.Count}")).FullName, [], build: build);
                gateways.Add((name, subjects.Single(subject => subject.Name == Gateway.Everything), subjects.Single(subject => subject.Name == Gateway.WithoutLog)));
            }

            await MeasureAsync(gateways, rounds);
            return 0;
        }
        finally
        {
            foreach (var gateway in gateways) await gateway.Logged.Process!.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(List<(string Name, Subject Logged, Subject Unlogged)> gateways, int rounds)
    {
        Subject[] way = [.. gateways.SelectMany(gateway => new[] { gateway.Logged, gateway.Unlogged })];
        foreach (var subject in way) await CallAsync(subject, WarmUp);

        var ratios = gateways.ConvertAll(_ => new List<(double Throughput, double Processor)>());
        var logged = gateways.ConvertAll(_ => new List<Turns>());
        for (var round = 0; round < rounds; round++)
        {
            var turns = way.ToDictionary(subject => subject, _ => new Turns());
            foreach (var subject in way.Concat(way.Reverse())) turns[subject].Add(await CallAsync(subject, Turn));
            for (var i = 0; i < gateways.Count; i++)
            {
                var (with, without) = (turns[gateways[i].Logged], turns[gateways[i].Unlogged]);
                ratios[i].Add(((double)with.Calls / without.Calls, without.Processor / with.Processor));
                logged[i].Add(with);
            }
        }

        Console.WriteLine("| 1 KB, 64 connections | calls/s with the log against without (quartiles) | processor time without against with | calls/s with it against the first build |");
        Console.WriteLine("|---|---|---|---|");
        for (var i = 0; i < gateways.Count; i++)
        {
            var throughput = ratios[i].Select(ratio => ratio.Throughput).Order().ToList();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {gateways[i].Name} | {At(throughput, 0.5):0.000} ({At(throughput, 0.25):0.000}–{At(throughput, 0.75):0.000}) | {At([.. ratios[i].Select(ratio => ratio.Processor).Order()], 0.5):0.000} | {At([.. logged[i].Zip(logged[0], (turns, first) => (double)turns.Calls / first.Calls).Order()], 0.5):0.000} |"));
        }
    }

    private static double At(List<double> sorted, double share) => sorted[(int)((sorted.Count - 1) * share)];

    private static async Task<(int Calls, TimeSpan Processor)> CallAsync(Subject subject, TimeSpan length)
    {
        var before = subject.Process!.ProcessorTime;
        var sample = await LoadClient.RunAsync(subject.Port, subject.Request(Scenario.Main.Model, Scenario.Main.Padding), Scenario.Main.Connections, length);
        if (sample.Failures > 0) throw new InvalidOperationException($"{sample.Failures} calls failed.");

        // What is shipped after it is part of its price, which the processor's time tells and the calls do not.
        await subject.SettleAsync();
        return (sample.Durations.Count, subject.Process.ProcessorTime - before);
    }

    /// <summary>Both turns of a subject in a round.</summary>
    private sealed class Turns
    {
        private TimeSpan _processor;

        public int Calls { get; private set; }

        /// <summary>Of a call, in microseconds.</summary>
        public double Processor => _processor.TotalMicroseconds / Calls;

        public void Add((int Calls, TimeSpan Processor) turn)
        {
            Calls += turn.Calls;
            _processor += turn.Processor;
        }
    }
}
