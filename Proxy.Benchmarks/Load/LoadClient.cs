using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Proxy.Benchmarks.Load;

/// <summary>What a run of the load saw: calls, their durations, and for streams the time to the first chunk and the delay of each.</summary>
/// <remarks>Times are in ticks of <see cref="TimeProvider.GetTimestamp"/>.</remarks>
internal sealed class LoadSample
{
    public List<long> Durations { get; } = [];

    public List<long> FirstChunks { get; } = [];

    public List<long> ChunkDelays { get; } = [];

    public int Failures { get; set; }

    public void Add(LoadSample other)
    {
        Durations.AddRange(other.Durations);
        FirstChunks.AddRange(other.FirstChunks);
        ChunkDelays.AddRange(other.ChunkDelays);
        Failures += other.Failures;
    }

    /// <summary>Milliseconds at the share, or null of nothing.</summary>
    public static double? Percentile(List<long> ticks, double share)
    {
        if (ticks.Count == 0) return null;

        ticks.Sort();
        return TimeProvider.System.GetElapsedTime(0, ticks[(int)((ticks.Count - 1) * share)]).TotalMilliseconds;
    }
}

/// <summary>Calls on kept connections: each connection sends its next call when its last one is answered, or at a pace.</summary>
internal static class LoadClient
{
    private static readonly byte[] SentAt = Encoding.ASCII.GetBytes(ProviderServer.SentAt);

    public static byte[] Request(int port, string path, string? key, string headers, string body) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{(key is null ? "" : $"Authorization: Bearer {key}\r\n")}{headers}Content-Length: {body.Length}\r\n\r\n{body}");

    /// <param name="callsPerSecond">The pace of all connections together; null for as many as are answered.</param>
    public static async Task<LoadSample> RunAsync(int port, byte[] request, int connections, TimeSpan duration, double? callsPerSecond = null)
    {
        var start = TimeProvider.System.GetTimestamp();
        var until = start + (long)(duration.TotalSeconds * TimeProvider.System.TimestampFrequency);
        var samples = await Task.WhenAll(Enumerable.Range(0, connections).Select(index => Task.Run(() => CallAsync(
            port, request, until, callsPerSecond is { } pace ? new Pace(start, connections / pace, (double)index / connections) : null))));

        var sum = new LoadSample();
        foreach (var sample in samples) sum.Add(sample);
        return sum;
    }

    /// <summary>Opens as many calls as asked for at once, holds them open, and looks before they are given up.</summary>
    /// <returns>How many were answered at all, and what was seen.</returns>
    public static async Task<(int Open, double Seen)> HoldAsync(int port, byte[] request, int connections, TimeSpan hold, Func<double> look)
    {
        using var end = new CancellationTokenSource();
        var open = 0;
        var calls = Enumerable.Range(0, connections).Select(async _ =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var buffer = new byte[2048];
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, end.Token);
                await socket.SendAsync(request, end.Token);
                var read = await socket.ReceiveAsync(buffer, end.Token);
                if (HttpMessage.StatusOf(buffer.AsSpan(0, read)) == 200) Interlocked.Increment(ref open);
                while (await socket.ReceiveAsync(buffer, end.Token) > 0)
                {
                    // Nothing is kept of it: what is looked at is the other end.
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Held long enough, or refused; the count tells which.
            }
        }).ToList();

        await Task.Delay(hold);
        var seen = look();
        await end.CancelAsync();
        await Task.WhenAll(calls);
        return (open, seen);
    }

    private static async Task<LoadSample> CallAsync(int port, byte[] request, long until, Pace? pace)
    {
        var sample = new LoadSample();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var buffer = new byte[64 * 1024];
        while (TimeProvider.System.GetTimestamp() < until)
        {
            var startedAt = pace is null ? TimeProvider.System.GetTimestamp() : await pace.WaitAsync();
            if (await CallAsync(socket, request, buffer, sample, startedAt)) continue;

            sample.Failures++;
            break;
        }

        return sample;
    }

    private static async ValueTask<bool> CallAsync(Socket socket, byte[] request, byte[] buffer, LoadSample sample, long startedAt)
    {
        await socket.SendAsync(request);
        var filled = 0;
        var hasChunk = false;
        while (true)
        {
            if (filled == buffer.Length) return false;

            var read = await socket.ReceiveAsync(buffer.AsMemory(filled));
            if (read == 0) return false;

            hasChunk |= ReadChunks(buffer.AsSpan(filled, read), startedAt, sample, isFirst: !hasChunk);
            filled += read;
            if (HttpMessage.LengthOf(buffer.AsSpan(0, filled)) == 0) continue;

            sample.Durations.Add(TimeProvider.System.GetTimestamp() - startedAt);
            return HttpMessage.StatusOf(buffer) == 200;
        }
    }

    /// <summary>Each chunk says when the provider sent it.</summary>
    /// <returns>Whether there was one.</returns>
    private static bool ReadChunks(ReadOnlySpan<byte> bytes, long startedAt, LoadSample sample, bool isFirst)
    {
        var now = TimeProvider.System.GetTimestamp();
        var any = false;
        for (var at = bytes.IndexOf(SentAt); at >= 0; at = bytes.IndexOf(SentAt))
        {
            bytes = bytes[(at + SentAt.Length)..];
            if (!Utf8Parser.TryParse(bytes, out long sentAt, out _)) continue;

            sample.ChunkDelays.Add(now - sentAt);
            if (isFirst && !any) sample.FirstChunks.Add(now - startedAt);
            any = true;
        }

        return any;
    }

    /// <summary>When the calls of one connection are due.</summary>
    /// <param name="start">When the run begins, as a timestamp.</param>
    /// <param name="interval">Seconds between two calls.</param>
    /// <param name="offset">Which part of the interval the first one waits for, so that connections do not send at once.</param>
    private sealed class Pace(long start, double interval, double offset)
    {
        private long _calls;

        /// <summary>Waits for the next call to be due.</summary>
        /// <returns>When it began. A call that had to wait for the one before it began when it was due, else a slow answer would hide those behind it.</returns>
        public async ValueTask<long> WaitAsync()
        {
            var due = start + (long)((_calls++ + offset) * interval * TimeProvider.System.TimestampFrequency);
            var early = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), due);
            if (early <= TimeSpan.Zero) return due;

            await Task.Delay(early);
            return TimeProvider.System.GetTimestamp();
        }
    }
}
