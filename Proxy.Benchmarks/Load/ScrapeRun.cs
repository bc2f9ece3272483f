using System.Globalization;
using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Load;

/// <summary>What <c>GET /metrics</c> costs when its tables are full: a thousand keys that called, each with a log target of its own, and the same load with and without scrapes beside it.</summary>
internal static class ScrapeRun
{
    private const int Connections = 64;
    private const int Series = 1000;
    private const int Scrapes = 20;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    /// <summary>As often as Prometheus asks unless it is told otherwise, a round holds one scrape.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync(int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("proxy-scrape-").FullName;
        var providerPort = MeasuredProcess.FreePort();
        await using var provider = await ProviderServer.StartAsync(MeasuredProcess.LoadCore, providerPort);
        var (process, port) = await Gateway.LaunchAsync(MeasuredProcess.SubjectCore, providerPort, folder, []);
        await using var gateway = process;
        using var admin = Gateway.Admin(port);
        admin.Timeout = TimeSpan.FromMinutes(5);
        await Gateway.AwaitReadyAsync(port);
        var subjects = await Gateway.AddTeamsAsync(process, port, providerPort, Series);
        foreach (var subject in subjects) await LoadClient.RunAsync(port, subject.Request(ProviderServer.Small, 700), connections: 1, TimeSpan.FromMilliseconds(20));

        var load = subjects[0].Request(ProviderServer.Small, 700);
        await LoadClient.RunAsync(port, load, Connections, WarmUp);
        await ShowAsync(process, admin);

        Console.WriteLine("| | calls/s | CPU µs per call | p50 ms | p99 ms | failed |");
        Console.WriteLine("|---|---|---|---|---|---|");
        for (var round = 0; round < rounds; round++)
        {
            await LoadAsync("no scrape", process, port, load, static () => Task.CompletedTask);
            await LoadAsync("one scrape", process, port, load, () => ScrapeAsync(admin));
        }

        return 0;
    }

    private static async Task ShowAsync(MeasuredProcess process, HttpClient admin)
    {
        await ScrapeAsync(admin);
        var resident = process.ResidentMegabytes;
        var durations = new List<double>();
        var bytes = 0L;
        var before = process.ProcessorTime;
        for (var i = 0; i < Scrapes; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            bytes = await ScrapeAsync(admin);
            durations.Add(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
        }

        var processor = (process.ProcessorTime - before).TotalMilliseconds / Scrapes;
        durations.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a scrape: {bytes / 1e6:0.00} MB, {durations[Scrapes / 2]:0.0} ms, {processor:0.0} ms of the processor; RSS {resident:0} MB after the first, {process.ResidentMegabytes:0} after {Scrapes} more"));
    }

    private static async Task LoadAsync(string name, MeasuredProcess process, int port, byte[] load, Func<Task> beside)
    {
        var before = process.ProcessorTime;
        var running = LoadClient.RunAsync(port, load, Connections, Round);
        await Task.Delay(Round / 2);
        await beside();
        var sample = await running;
        var cpu = (process.ProcessorTime - before).TotalMicroseconds / sample.Durations.Count;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {sample.Durations.Count / Round.TotalSeconds:0} | {cpu:0.0} | {LoadSample.Percentile(sample.Durations, 0.5):0.00} | {LoadSample.Percentile(sample.Durations, 0.99):0.00} | {sample.Failures} |"));
    }

    /// <returns>How long the answer is; nothing of it is kept, as a scraper does that reads while it comes.</returns>
    private static async Task<long> ScrapeAsync(HttpClient admin)
    {
        using var answer = await admin.GetAsync(new Uri("/metrics", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync();
        var piece = new byte[64 * 1024];
        var length = 0L;
        while (await body.ReadAsync(piece) is > 0 and var read) length += read;
        return length;
    }
}
