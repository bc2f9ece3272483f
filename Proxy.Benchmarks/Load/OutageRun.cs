using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Load;

/// <summary>
/// The same load for a team that is not logged, one whose Langfuse is sound, one whose Langfuse takes two seconds for each answer, and one whose Langfuse never answers, in
/// turn, for minutes: throughput, processor time and memory of the gateway must not tell them apart, nor grow.
/// </summary>
internal static class OutageRun
{
    private const int Connections = 64;

    private static readonly TimeSpan Slowness = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync(int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("proxy-outage-").FullName;
        try
        {
            await MeasureAsync(folder, rounds);
            return 0;
        }
        finally
        {
            // What waited for the slow one and the dead one, at some 60 MB a second.
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(string folder, int rounds)
    {
        var providerPort = MeasuredProcess.FreePort();
        using var slow = Listen(async socket =>
        {
            await Task.Delay(Slowness);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray());
        });
        using var dead = Listen(static _ => Task.Delay(Timeout.Infinite));
        await using var provider = await MeasuredProcess.StartAsync(
            MeasuredProcess.LoadCore, providerPort, folder, new Dictionary<string, string>(), "dotnet", Path.Combine(AppContext.BaseDirectory, "Proxy.Benchmarks.dll"), LoadCommand.ProviderVerb,
            providerPort.ToString(CultureInfo.InvariantCulture));
        var subjects = await Gateway.StartWithOutagesAsync(MeasuredProcess.SubjectCore, providerPort, folder, PortOf(slow), PortOf(dead));
        await using var gateway = subjects[0].Process!;
        foreach (var subject in subjects) await LoadClient.RunAsync(subject.Port, subject.Request(ProviderServer.Small, 2000), Connections, WarmUp);

        Console.WriteLine("| minute | subject | calls/s | CPU µs per call | RSS MB | failed |");
        Console.WriteLine("|---|---|---|---|---|---|");
        var started = TimeProvider.System.GetTimestamp();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var subject in subjects)
            {
                var before = gateway.ProcessorTime;
                var sample = await LoadClient.RunAsync(subject.Port, subject.Request(ProviderServer.Small, 2000), Connections, Round);
                var cpu = (gateway.ProcessorTime - before).TotalMicroseconds / sample.Durations.Count;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {TimeProvider.System.GetElapsedTime(started).TotalMinutes:0.0} | {subject.Name} | {sample.Durations.Count / Round.TotalSeconds:0} | {cpu:0} | {gateway.ResidentMegabytes:0} | {sample.Failures} |"));
            }
        }
    }

    private static int PortOf(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    private static Socket Listen(Func<Socket, Task> answer)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _ = Task.Run(async () =>
        {
            while (true) _ = ServeAsync(await listener.AcceptAsync(), answer);
        });
        return listener;
    }

    private static async Task ServeAsync(Socket connection, Func<Socket, Task> answer)
    {
        using var socket = connection;
        var buffer = new byte[64 * 1024];
        var filled = 0;
        try
        {
            while (true)
            {
                if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                var read = await socket.ReceiveAsync(buffer.AsMemory(filled));
                if (read == 0) return;

                filled += read;
                if (HttpMessage.LengthOf(buffer.AsSpan(0, filled)) == 0) continue;
                filled = 0;
                await answer(socket);
            }
        }
        catch (SocketException)
        {
            // The other end went away.
        }
    }
}
