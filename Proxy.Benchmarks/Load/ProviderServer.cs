using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Proxy.Benchmarks.Load;

/// <summary>
/// The provider of the load, and its Langfuse: answers each call with what its model's name asks for, and takes whatever is sent to a
/// log. Runs in a process of its own, on the core of the client.
/// </summary>
internal static class ProviderServer
{
    public const string Small = "bench-1k";
    public const string Large = "bench-32k";
    public const string Stream = "bench-stream";
    public const string SlowStream = "bench-slow";

    /// <summary>Stands before the time, in <see cref="TimeProvider.GetTimestamp"/>, at which a chunk of a stream was sent.</summary>
    public const string SentAt = "sent@";

    public const int StreamChunks = 64;

    private static readonly TimeSpan StreamPace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan SlowPace = TimeSpan.FromSeconds(1);
    private static readonly byte[] LogAnswer = Answer("application/json", """{"status":"OK","version":"3.100.0"}""");
    private static readonly byte[] SmallAnswer = Completion(700);
    private static readonly byte[] LargeAnswer = Completion(32 * 1024 - 300);

    private static ReadOnlySpan<byte> ModelMark => "\"model\":\""u8;

    /// <summary>Starts it in a process of its own.</summary>
    public static Task<MeasuredProcess> StartAsync(int core, int port) => MeasuredProcess.StartAsync(
        core, port, AppContext.BaseDirectory, new Dictionary<string, string> { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" },
        "dotnet", Path.Combine(AppContext.BaseDirectory, "Proxy.Benchmarks.dll"), LoadCommand.ProviderVerb, port.ToString(CultureInfo.InvariantCulture));

    /// <summary>Listens on loopback until it is ended.</summary>
    public static async Task<int> RunAsync(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(backlog: 8192);
        Console.WriteLine($"listening on {port}");

        while (true) _ = ServeAsync(await listener.AcceptAsync());
    }

    private static async Task ServeAsync(Socket connection)
    {
        using var socket = connection;
        socket.NoDelay = true;
        var buffer = new byte[16 * 1024];
        var filled = 0;
        try
        {
            while (true)
            {
                var length = HttpMessage.LengthOf(buffer.AsSpan(0, filled));
                if (length > 0)
                {
                    await AnswerAsync(socket, buffer.AsMemory(0, length));
                    buffer.AsSpan(length, filled - length).CopyTo(buffer);
                    filled -= length;
                    continue;
                }

                if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                var read = await socket.ReceiveAsync(buffer.AsMemory(filled));
                if (read == 0) return;
                filled += read;
            }
        }
        catch (SocketException)
        {
            // The other end went away.
        }
    }

    private static async ValueTask AnswerAsync(Socket socket, ReadOnlyMemory<byte> request)
    {
        if (request.Span.StartsWith("GET "u8) || request.Span.StartsWith("POST /api/"u8))
        {
            await socket.SendAsync(LogAnswer);
            return;
        }

        switch (ModelOf(request.Span))
        {
            case Large:
                await socket.SendAsync(LargeAnswer);
                break;
            case Stream:
                await StreamAsync(socket, StreamPace);
                break;
            case SlowStream:
                await StreamAsync(socket, SlowPace);
                break;
            default:
                await socket.SendAsync(SmallAnswer);
                break;
        }
    }

    private static async Task StreamAsync(Socket socket, TimeSpan pace)
    {
        await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
        using var timer = new PeriodicTimer(pace);
        for (var index = 0; index < StreamChunks; index++)
        {
            await socket.SendAsync(Chunk($$"""
                data: {"id":"bench","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,"delta":{"content":"{{SentAt}}{{TimeProvider.System.GetTimestamp().ToString(CultureInfo.InvariantCulture)}} "},"finish_reason":null}]}


                """));
            await timer.WaitForNextTickAsync();
        }

        await socket.SendAsync(Chunk("""
            data: {"id":"bench","object":"chat.completion.chunk","created":1,"model":"bench","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":64,"total_tokens":84}}

            data: [DONE]


            """));
        await socket.SendAsync("0\r\n\r\n"u8.ToArray());
    }

    private static byte[] Chunk(string text) => Encoding.UTF8.GetBytes($"{text.Length:x}\r\n{text}\r\n");

    private static string ModelOf(ReadOnlySpan<byte> request)
    {
        var start = request.IndexOf(ModelMark) + ModelMark.Length;
        var length = request[start..].IndexOf((byte)'"');
        return length < 0 ? "" : Encoding.ASCII.GetString(request.Slice(start, length));
    }

    private static byte[] Completion(int textLength) => Answer("application/json", $$"""
        {"id":"chatcmpl-bench","object":"chat.completion","created":1,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":"{{string.Concat(Enumerable.Repeat("lorem ipsum ", textLength / 12))}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":{{textLength / 4}},"total_tokens":{{200 + textLength / 4}} } }
        """);

    private static byte[] Answer(string type, string body) =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
}
