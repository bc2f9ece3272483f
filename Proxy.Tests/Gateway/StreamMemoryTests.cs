using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What an open stream holds does not grow with its answer, also when its reader has stopped.</summary>
/// <remarks>Counted are all objects of this process that are alive, the provider's and the readers' among them; so it runs alone.</remarks>
[NonParallelizable]
internal sealed class StreamMemoryTests
{
    private const int Streams = 100;
    private const int BytesRead = 256 * 1024;
    private const long Bound = 128 * 1024;
    private const int Piece = 2048;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Shared by all streams, and longer than what the sockets between can swallow.</summary>
    private static readonly byte[] Endless = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"data: {OpenAiBodies.Chunk(new string('y', 1000))}\n\n", 12_000)));

    [Test]
    public async Task A_stream_whose_reader_has_stopped_holds_less_than_128_kilobytes()
    {
        await using var provider = new ScriptedProvider { Answer = _ => new ProviderScript { Body = Endless, End = BodyEnd.Close } };
        await HoldsLittleAsync(TestClusters.At(provider.Address));
    }

    [Test]
    public async Task Nor_does_it_hold_more_when_the_provider_speaks_http_2()
    {
        await using var provider = await StartHttp2Async();
        var clusters = TestClusters.At(new Uri(provider.Urls.First() + "/"));
        clusters["gpt-4o-mini"]!["HttpRequest"] = new JsonObject { ["Version"] = "2", ["VersionPolicy"] = "RequestVersionExact" };
        await HoldsLittleAsync(clusters);
        await provider.StopAsync(new CancellationToken(canceled: true));
    }

    private static async Task HoldsLittleAsync(JsonObject clusters)
    {
        await using var gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Requests"] = new JsonObject { ["ReaderTimeout"] = "00:10:00" } });
        var key = await gateway.CreateKeyAsync();
        var readers = new List<Socket>();
        try
        {
            // What one stream brings for all that follow is there before it is counted.
            await OpenAsync(readers, 4, gateway.Address, key);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            await OpenAsync(readers, Streams, gateway.Address, key);

            // Until the sockets between are full the streams still work, and what they let go of is counted too.
            var each = await Eventually.BecomesAsync(() => Task.FromResult((GC.GetTotalMemory(forceFullCollection: true) - before) / Streams), bytes => bytes < Bound);

            TestContext.Out.WriteLine($"{each:N0} bytes a stream.");
            each.Should().BeLessThan(Bound);
        }
        finally
        {
            foreach (var reader in readers) reader.Dispose();
        }
    }

    /// <summary>A provider that keeps next to nothing of a stream itself, since that is in this process too.</summary>
    private static async Task<WebApplication> StartHttp2Async()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2);
            kestrel.Limits.MaxResponseBufferSize = 1;
        });
        var app = builder.Build();
        app.Run(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var at = 0; at < Endless.Length; at += Piece) await context.Response.Body.WriteAsync(Endless.AsMemory(at, Math.Min(Piece, Endless.Length - at)));
        });
        await app.StartAsync();
        return app;
    }

    private static async Task OpenAsync(List<Socket> readers, int count, Uri gateway, string key)
    {
        const string body = """{"model":"gpt-4o-mini","stream":true}""";
        var call = Encoding.UTF8.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
            lock (readers) readers.Add(socket);
            using var limit = new CancellationTokenSource(Limit);
            await socket.ConnectAsync(IPAddress.Loopback, gateway.Port, limit.Token);
            await socket.SendAsync(call, limit.Token);
            var piece = new byte[4096];
            for (var read = 0; read < BytesRead;)
            {
                var got = await socket.ReceiveAsync(piece, limit.Token);
                got.Should().BePositive("the stream goes on");
                read += got;
            }
        });
    }
}
