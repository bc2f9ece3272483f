using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
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

    /// <summary>40 KB without a buffer to read into, 48 with it; the provider and the reader of this test are in it, and 8 KB that the framework keeps for each connection to a provider.</summary>
    private const long SilentBound = 44 * 1024;
    private const int Piece = 2048;

    /// <summary>Nearly all of the window that a client has by default.</summary>
    private const int Http2Room = 60 * 1024;
    private const string Body = """{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Hi"}]}""";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Shared by all streams, and longer than what the sockets between can swallow.</summary>
    private static readonly byte[] Endless = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"data: {OpenAiBodies.Chunk(new string('y', 1000))}\n\n", 12_000)));

    [Test]
    public async Task A_stream_in_which_nothing_is_said_holds_no_buffer_for_it()
    {
        var first = Encoding.UTF8.GetBytes($"data: {OpenAiBodies.Chunk("Hello")}\n\n");
        await using var provider = new ScriptedProvider { Answer = _ => new ProviderScript { Body = [.. first, .. Endless.AsSpan(0, Piece)], StallAt = first.Length } };
        await HoldsLittleAsync(TestClusters.At(provider.Address), bytesRead: 1, bound: SilentBound);
    }

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

    [Test]
    public async Task Nor_when_its_client_speaks_http_2_and_gives_no_room()
    {
        await using var provider = new ScriptedProvider { Answer = _ => new ProviderScript { Body = Endless, End = BodyEnd.Close } };
        await HoldsLittleAsync(TestClusters.At(provider.Address), isHttp2: true);
    }

    [Test]
    public async Task Nor_when_each_event_is_written_anew()
    {
        var messages = Encoding.UTF8.GetBytes(ProviderStream.Messages.Begin + string.Concat(Enumerable.Repeat(AnthropicBodies.Delta(new string('y', 1000)), 12_000)));
        await using var provider = new ScriptedProvider { Answer = _ => new ProviderScript { Body = messages, End = BodyEnd.Close } };
        await HoldsLittleAsync(TestClusters.At(provider.Address, metadata: new JsonObject { ["Provider"] = "anthropic", ["ApiKey"] = TestClusters.FakeProviderKey }));
    }

    private static async Task HoldsLittleAsync(JsonObject clusters, bool isHttp2 = false, int bytesRead = BytesRead, long bound = Bound)
    {
        var sections = new JsonObject { ["Requests"] = new JsonObject { ["ReaderTimeout"] = "00:10:00" } };
        if (isHttp2) sections["Kestrel"] = new JsonObject { ["EndpointDefaults"] = new JsonObject { ["Protocols"] = "Http1AndHttp2" }, ["Endpoints"] = Endpoints() };
        await using var gateway = await TestGateway.StartAsync(clusters, sections);
        var key = await gateway.CreateKeyAsync();
        var (port, call, first) = isHttp2 ? (PortOf(gateway, isOther: true), Http2Call(key), Http2Room) : (gateway.Address.Port, Http1Call(key), bytesRead);
        var readers = new List<Socket>();
        try
        {
            // What one stream brings for all that follow is there before it is counted.
            await OpenAsync(readers, 4, port, call, first);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            await OpenAsync(readers, Streams, port, call, first);

            // Until the sockets between are full the streams still work, and what they let go of is counted too.
            var each = await Eventually.BecomesAsync(() => Task.FromResult((GC.GetTotalMemory(forceFullCollection: true) - before) / Streams), bytes => bytes < bound);

            TestContext.Out.WriteLine($"{each:N0} bytes a stream.");
            each.Should().BeLessThan(bound);
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

    private static async Task OpenAsync(List<Socket> readers, int count, int port, byte[] call, int bytesRead) =>
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
            lock (readers) readers.Add(socket);
            using var limit = new CancellationTokenSource(Limit);
            await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
            await socket.SendAsync(call, limit.Token);
            var piece = new byte[4096];
            for (var read = 0; read < bytesRead;)
            {
                var got = await socket.ReceiveAsync(piece, limit.Token);
                got.Should().BePositive("the stream goes on");
                read += got;
            }
        });

    private static JsonObject Endpoints() => new()
    {
        ["A"] = new JsonObject { ["Url"] = "http://127.0.0.1:0" },
        ["B"] = new JsonObject { ["Url"] = "http://127.0.0.1:0", ["Protocols"] = "Http2" },
    };

    private static int PortOf(TestGateway gateway, bool isOther) => gateway.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
        .Select(address => new Uri(address).Port).First(port => port != gateway.Address.Port == isOther);

    private static byte[] Http1Call(string key) =>
        Encoding.UTF8.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");

    /// <summary>Preface, empty settings, the head as literals, and the body; after that nothing more, so that the window of 64 KB is all the room there is.</summary>
    private static byte[] Http2Call(string key)
    {
        (string Name, string Value)[] head = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/chat/completions"), (":authority", "a"), ("authorization", $"Bearer {key}")];
        byte[] literals = [.. head.SelectMany(field => (byte[])[0, (byte)field.Name.Length, .. Encoding.ASCII.GetBytes(field.Name), (byte)field.Value.Length, .. Encoding.ASCII.GetBytes(field.Value)])];
        return [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(type: 4, flags: 0, stream: 0, []), .. Frame(type: 1, flags: 4, stream: 1, literals), .. Frame(type: 0, flags: 1, stream: 1, Encoding.ASCII.GetBytes(Body))];
    }

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];
}
