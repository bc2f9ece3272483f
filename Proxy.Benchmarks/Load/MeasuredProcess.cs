using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Proxy.Benchmarks.Load;

/// <summary>A program under measurement: on a core of its own where that can be had, with the processor time of it and its children.</summary>
internal sealed class MeasuredProcess : IAsyncDisposable
{
    /// <summary>Where what is measured runs.</summary>
    public const int SubjectCore = 0;

    /// <summary>Where its provider runs, so that neither takes time from the other.</summary>
    public const int LoadCore = 1;

    private const double TicksPerSecond = 100; // USER_HZ of /proc, on every Linux that .NET runs on

    private const int MostLines = 100;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly bool CanPin = Environment.ProcessorCount > 1 && File.Exists("/usr/bin/taskset");

    private readonly Process _process;

    private MeasuredProcess(Process process) => _process = process;

    /// <summary>Whether programs are kept on cores of their own, and with them whether figures of rates mean anything.</summary>
    public static bool IsPinned => CanPin;

    /// <param name="core">Where it is to run, and its children.</param>
    /// <param name="port">Where it will listen; it is waited for.</param>
    public static async Task<MeasuredProcess> StartAsync(
        int core, int port, string folder, IReadOnlyDictionary<string, string> environment, string program, params IReadOnlyList<string> arguments)
    {
        var start = CanPin ? new ProcessStartInfo("taskset", ["-c", core.ToString(), program, .. arguments]) : new ProcessStartInfo(program, arguments);
        start.WorkingDirectory = folder;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (var (name, value) in environment) start.Environment[name] = value;

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var output = new List<string>();
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(output, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        var measured = new MeasuredProcess(process);
        try
        {
            await AwaitListeningAsync(process, port);
            return measured;
        }
        catch (Exception exception)
        {
            await measured.DisposeAsync();
            throw new InvalidOperationException($"{program} does not listen: {string.Join('\n', output)}", exception);
        }
    }

    /// <summary>What a program says at its start is kept, to be told when the start fails; one that says a line per call would fill the memory.</summary>
    private static void Keep(List<string> output, string? line)
    {
        if (output.Count < MostLines) output.Add(line ?? "");
    }

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public TimeSpan ProcessorTime => TimeSpan.FromSeconds(Family().Sum(TicksOf) / TicksPerSecond);

    /// <summary>Megabytes of memory that are the program's.</summary>
    public double ResidentMegabytes => Family().Sum(id => ResidentKilobytesOf(id)) / 1024.0;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task AwaitListeningAsync(Process process, int port)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!process.HasExited)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
                return;
            }
            catch (SocketException)
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }

        throw new InvalidOperationException("It ended.");
    }

    private IEnumerable<int> Family() => [_process.Id, .. File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    private static double TicksOf(int id)
    {
        // The name in parentheses may hold anything; fields 14 and 15 are user and system time.
        var stat = File.ReadAllText($"/proc/{id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    private static long ResidentKilobytesOf(int id) => File.ReadLines($"/proc/{id}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.AsSpan(6).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture))
        .FirstOrDefault();
}
