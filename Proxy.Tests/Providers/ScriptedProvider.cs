using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Proxy.Tests.Providers;

/// <summary>How the end of a body is told.</summary>
internal enum BodyEnd
{
    /// <summary>By a last chunk; without it the body is cut.</summary>
    Chunks,

    /// <summary>By the end of the connection, so that a cut looks like an end.</summary>
    Close,

    /// <summary>By a length that was promised.</summary>
    Length,
}

/// <summary>What a scripted provider does with one call.</summary>
internal sealed record ProviderScript
{
    public string Status { get; init; } = "200 OK";

    public string ContentType { get; init; } = "text/event-stream";

    public string Headers { get; init; } = "";

    public byte[] Body { get; init; } = [];

    public BodyEnd End { get; init; } = BodyEnd.Chunks;

    /// <summary>Hangs up on the call without an answer.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Hangs up after so many bytes of the body.</summary>
    public int? CutAt { get; init; }

    /// <summary>Falls silent after so many bytes of the body, until the gateway hangs up.</summary>
    public int? StallAt { get; init; }

    /// <summary>Sends each byte as a frame of its own.</summary>
    public bool IsBytewise { get; init; }

    public static ProviderScript Stream(params IEnumerable<string> events) =>
        new() { Body = Encoding.UTF8.GetBytes(string.Concat(events.Select(data => $"data: {data}\n\n"))) };

    public static ProviderScript Json(string body, string status = "200 OK") =>
        new() { Body = Encoding.UTF8.GetBytes(body), ContentType = "application/json", Status = status, End = BodyEnd.Length };
}

/// <summary>A provider on a bare socket, which can do what no web server does: cut at any byte, stall, send one byte a frame.</summary>
internal sealed class ScriptedProvider : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = [];
    private readonly Task _accepting;

    public ScriptedProvider()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>How the next calls are answered; it is given their bodies.</summary>
    public Func<string, ProviderScript> Answer { get; set; } = _ => ProviderScript.Stream(OpenAiBodies.Stream("Hello!"));

    public int Calls { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stopping.Token);
                socket.NoDelay = true;
                var connection = ServeAsync(socket);
                _connections[connection] = true;
                _ = connection.ContinueWith(task => _connections.TryRemove(task, out _), TaskScheduler.Default);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (await ReadCallAsync(stream) is { } body)
            {
                Calls++;
                if (!await AnswerAsync(stream, Answer(body))) return;
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException)
        {
            // The gateway hung up, or the test is over.
        }
    }

    /// <returns>False when the connection is to be closed.</returns>
    private async Task<bool> AnswerAsync(NetworkStream stream, ProviderScript script)
    {
        if (script.IsRefused) return false;

        var framing = script.End switch
        {
            BodyEnd.Chunks => "Transfer-Encoding: chunked\r\n",
            BodyEnd.Length => $"Content-Length: {script.Body.Length}\r\n",
            _ => "Connection: close\r\n",
        };
        await WriteAsync(stream, Encoding.ASCII.GetBytes($"HTTP/1.1 {script.Status}\r\nContent-Type: {script.ContentType}\r\n{script.Headers}{framing}\r\n"));

        var end = Math.Min(script.CutAt ?? int.MaxValue, Math.Min(script.StallAt ?? int.MaxValue, script.Body.Length));
        var step = script.IsBytewise ? 1 : Math.Max(1, end);
        for (var sent = 0; sent < end; sent += step) await WriteFrameAsync(stream, script, script.Body.AsMemory(sent, Math.Min(step, end - sent)));

        // Who waits for more than a stalled answer reads the end of the connection, and nothing else.
        if (script.StallAt is not null) _ = await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, _stopping.Token);
        if (script.StallAt is not null || script.CutAt is not null) return false;

        if (script.End == BodyEnd.Chunks) await WriteAsync(stream, "0\r\n\r\n"u8.ToArray());
        return script.End != BodyEnd.Close;
    }

    private async Task WriteFrameAsync(NetworkStream stream, ProviderScript script, ReadOnlyMemory<byte> frame) => await WriteAsync(
        stream, script.End == BodyEnd.Chunks ? (byte[])[.. Encoding.ASCII.GetBytes($"{frame.Length:x}\r\n"), .. frame.Span, .. "\r\n"u8] : frame);

    private async Task WriteAsync(NetworkStream stream, ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes, _stopping.Token);

    /// <returns>The body of the call; null when there is none any more.</returns>
    private async Task<string?> ReadCallAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var piece = new byte[8192];
        while (true)
        {
            var read = await stream.ReadAsync(piece, _stopping.Token);
            if (read == 0) return null;

            bytes.AddRange(piece.AsSpan(0, read));
            var text = Encoding.Latin1.GetString([.. bytes]);
            var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (head < 0) continue;

            var length = int.Parse(text[..head].Split("\r\n").First(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1]);
            if (bytes.Count >= head + 4 + length) return Encoding.UTF8.GetString([.. bytes[(head + 4)..]]);
        }
    }
}
