using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Proxy.Tests.Providers;

/// <summary>A provider of realtime sessions: the test says what each message is answered with, and can break off.</summary>
internal sealed class FakeSessions : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeSessions(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First() + "/");

    /// <summary>The handshakes, as they came.</summary>
    public ConcurrentQueue<(string Target, IReadOnlyDictionary<string, string> Headers)> Handshakes { get; } = new();

    /// <summary>All messages of clients.</summary>
    public Channel<string> Heard { get; } = Channel.CreateUnbounded<string>();

    /// <summary>The status that handshakes are refused with; null when they are taken. Those below <c>/refuse</c> never are.</summary>
    public int? Refusal { get; set; }

    /// <summary>What becomes of a message. It is given the socket and the message.</summary>
    public Func<WebSocket, string, Task> Answer { get; set; } = (socket, message) => message.Contains("response.create")
        ? SayAsync(socket, Created, Text("Hello"), Done())
        : Task.CompletedTask;

    public const string Created = """{"type":"response.created","response":{"id":"resp_1"}}""";

    public static string Text(string delta) => $$"""{"type":"response.output_text.delta","delta":"{{delta}}"}""";

    /// <summary>10 written, 20 heard and 5 cached tokens in; 3 written and 40 spoken out.</summary>
    public static string Done(string status = "completed") => $$$$$"""
        {"type":"response.done","response":{"id":"resp_1","status":"{{{{{status}}}}}","output":[{"type":"message","content":"Hello"}],"usage":{"total_tokens":78,"input_tokens":35,"output_tokens":43,
        "input_token_details":{"text_tokens":15,"audio_tokens":20,"cached_tokens":5},"output_token_details":{"text_tokens":3,"audio_tokens":40}}}}
        """;

    public static async Task SayAsync(WebSocket socket, params string[] messages)
    {
        foreach (var message in messages) await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
    }

    /// <summary>The next message; null when the other side closes.</summary>
    public static async Task<string?> HearAsync(WebSocket socket)
    {
        var (buffer, kept) = (new byte[4096], new MemoryStream());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer, limit.Token);
            if (result.MessageType == WebSocketMessageType.Close) return null;

            kept.Write(buffer, 0, result.Count);
            if (result.EndOfMessage) return Encoding.UTF8.GetString(kept.ToArray());
        }
    }

    public static async Task<FakeSessions> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var sessions = new FakeSessions(app);
        app.UseWebSockets();
        app.Run(sessions.HandleAsync);
        await app.StartAsync();
        return sessions;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        Handshakes.Enqueue((context.Request.Path + context.Request.QueryString, context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        if ((context.Request.Path.StartsWithSegments("/refuse", StringComparison.Ordinal) ? StatusCodes.Status429TooManyRequests : Refusal) is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        var offered = context.WebSockets.WebSocketRequestedProtocols;
        using var socket = await context.WebSockets.AcceptWebSocketAsync(offered.Count > 0 ? offered[0] : null);
        try
        {
            await SayAsync(socket, """{"type":"session.created","session":{"model":"upstream"}}""");
            while (await HearAsync(socket) is { } message)
            {
                await Heard.Writer.WriteAsync(message);
                await Answer(socket, message);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            // The gateway is gone, or the test broke off.
        }
    }
}
