using System.Net;
using System.Text;
using Proxy.Benchmarks.Load;
using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Growth;

/// <summary>A gateway on a database that was filled before it started.</summary>
internal sealed class GrownGateway : IAsyncDisposable
{
    private const int WarmCalls = 60_000;
    private static readonly TimeSpan WarmLimit = TimeSpan.FromSeconds(40);

    private readonly string _folder;
    private readonly MeasuredProcess _process;
    private readonly Subject _subject;

    private GrownGateway(string folder, MeasuredProcess process, Subject subject) => (_folder, _process, _subject) = (folder, process, subject);

    /// <summary>From the start of the process to the first answered call.</summary>
    public required TimeSpan Start { get; init; }

    /// <summary>What of that the processor worked; on a busy machine it says more.</summary>
    public required TimeSpan StartProcessor { get; init; }

    public double ResidentMegabytes => _process.ResidentMegabytes;

    public static async Task<GrownGateway> StartAsync(GrowthCase what, long size, int core, int providerPort)
    {
        var folder = Directory.CreateTempSubdirectory("proxy-growth-").FullName;
        var models = what.Name == GrowthCase.Models ? size : 0;
        var young = await YouthAsync(what, folder, core, providerPort);
        what.Fill?.Invoke(Path.Combine(folder, "data", "proxy.db"), size);

        var startedAt = TimeProvider.System.GetTimestamp();
        var (process, port) = await Gateway.LaunchAsync(core, providerPort, folder, [], models);
        var subject = young with { Port = port, Process = process };
        await AwaitAnswerAsync(subject);
        var grown = new GrownGateway(folder, process, subject) { Start = TimeProvider.System.GetElapsedTime(startedAt), StartProcessor = process.ProcessorTime };
        await Gateway.AwaitReadyAsync(port);
        return grown;
    }

    /// <summary>By calls and not by time: on a busy machine the compiler is late.</summary>
    public async Task WarmAsync()
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        for (var calls = 0; calls < WarmCalls && TimeProvider.System.GetElapsedTime(startedAt) < WarmLimit;)
            calls += (await LoadClient.RunAsync(_subject.Port, _subject.Request(ProviderServer.Small, 700), 64, TimeSpan.FromSeconds(2))).Durations.Count;
    }

    /// <returns>Microseconds of processor time for a call.</returns>
    public async Task<double> RunAsync(TimeSpan duration)
    {
        var before = _process.ProcessorTime;
        var sample = await LoadClient.RunAsync(_subject.Port, _subject.Request(ProviderServer.Small, 700), 64, duration);
        if (sample.Failures > 0 || sample.Durations.Count == 0) throw new InvalidOperationException($"{sample.Failures} calls failed.");
        return (_process.ProcessorTime - before).TotalMicroseconds / sample.Durations.Count;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The first run makes the tables, a key, and the rows that are then multiplied.</summary>
    private static async Task<Subject> YouthAsync(GrowthCase what, string folder, int core, int providerPort)
    {
        var subjects = await Gateway.StartAsync(core, providerPort, folder, [], logPort: what.IsLogDown ? MeasuredProcess.FreePort() : providerPort);
        await using var process = subjects[0].Process!;
        foreach (var subject in subjects) await AwaitAnswerAsync(subject);
        if (what.MakeFirstAsync is { } make)
        {
            using var client = Gateway.Admin(subjects[0].Port);
            await make(client);
        }

        return subjects.Single(subject => subject.Name == Gateway.WithoutLog);
    }

    private static async Task AwaitAnswerAsync(Subject subject)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        do
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{subject.Port}{subject.Path}");
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {subject.Key}");
            request.Content = new StringContent($$"""{"model":"{{ProviderServer.Small}}","messages":[{"role":"user","content":"x"}]}""", Encoding.UTF8, "application/json");
            using var answer = await client.SendAsync(request, limit.Token);
            if (answer.StatusCode == HttpStatusCode.OK) return;
        }
        while (await timer.WaitForNextTickAsync(limit.Token));
    }
}
