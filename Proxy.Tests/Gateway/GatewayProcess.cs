using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Proxy.Tests.Gateway;

/// <summary>The real program in a process of its own, which can be killed.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private const string Greeting = "The gateway listens on ";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GatewayProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) => _address.TrySetException(new InvalidOperationException("The program ended before it listened: " + Output));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Address { get; private set; } = null!;

    public string Output => string.Join('\n', _output);

    /// <summary>Starts in a folder and waits until it listens.</summary>
    public static async Task<GatewayProcess> StartAsync(TestFolder folder, IReadOnlyDictionary<string, string>? environment = null, params string[] arguments)
    {
        var process = Launch(folder, environment, ["--urls", "http://127.0.0.1:0", .. arguments]);
        process.Address = await process._address.Task.WaitAsync(Limit);
        return process;
    }

    /// <summary>Starts what is expected to end by itself; the exit code and all that it printed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(TestFolder folder, IReadOnlyDictionary<string, string>? environment = null, params string[] arguments)
    {
        await using var process = Launch(folder, environment, arguments);
        process._address.Task.ContinueWith(static task => task.Exception, TaskScheduler.Default).Forget();
        await process._process.WaitForExitAsync().WaitAsync(Limit);
        return (process._process.ExitCode, process.Output);
    }

    public HttpClient With(string key) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = Address,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
    };

    public async Task<JsonObject> PostAsync(string key, string path, JsonObject body)
    {
        using var client = With(key);
        using var response = await client.PostAsJsonAsync(path, body);
        return JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!.AsObject();
    }

    /// <summary>As <c>kill -9</c>: nothing gets a chance to finish.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>As an orchestrator does it: SIGTERM, and time to finish.</summary>
    public async Task<int> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString()])) await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private static GatewayProcess Launch(TestFolder folder, IReadOnlyDictionary<string, string>? environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Proxy.Host.dll"), .. arguments])
        {
            WorkingDirectory = folder.Path,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("PROXY_MASTER_KEY");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new GatewayProcess(start);
    }

    private void Read(string? line)
    {
        if (line is null) return;

        _output.Enqueue(line);
        if (line.StartsWith(Greeting, StringComparison.Ordinal)) _address.TrySetResult(new Uri(line[Greeting.Length..].Split(',')[0]));
    }
}

internal static class TaskForgetting
{
    /// <summary>Says that nobody waits, and that this is meant.</summary>
    public static void Forget(this Task task) => _ = task;
}
