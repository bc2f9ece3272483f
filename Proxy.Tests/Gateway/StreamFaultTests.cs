using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What else a provider, or a reader, can do to a stream.</summary>
internal sealed class StreamFaultTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private ScriptedProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;
    private string _key = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = new ScriptedProvider();
        var clusters = TestClusters.At(_provider.Address);
        clusters["gpt-4o-mini"]!["HttpRequest"] = new JsonObject { ["ActivityTimeout"] = "00:00:02" };
        clusters["gpt-4o-mini"]!["Metadata"] = new JsonObject { ["FirstByteTimeout"] = "00:00:20" };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject
        {
            ["Routing"] = new JsonObject { ["Retries"] = 0 },
            ["Requests"] = new JsonObject { ["ReaderTimeout"] = "00:00:02" },
        });
        _key = await _gateway.CreateKeyAsync();
        _client = _gateway.With(_key);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("""{"choices":[{"index":0,"delta":{"content":"x" """, "broke off")]
    [TestCase("not JSON at all", "broke off")]
    [TestCase("[1,2]", "broke off")]
    [TestCase("""{"a":1}{"b":2}""", "broke off")]
    [TestCase("""{"error":{"message":"Overloaded, sorry.","code":529}}""", "Overloaded, sorry.")]
    [TestCase("""{"error":"Overloaded, sorry."}""", "Overloaded, sorry.")]
    public async Task A_bad_frame_becomes_one_error_event(string frame, string sentence)
    {
        _provider.Answer = _ => ProviderScript.Stream(OpenAiBodies.Chunk("half"), frame, OpenAiBodies.Chunk("more"), OpenAiBodies.Chunk("{}", "stop"), OpenAiBodies.Done);

        var (body, isWhole) = await AskAsync();

        var events = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        events.Should().HaveCount(2);
        JsonNode.Parse(events[1]["data: ".Length..])!["error"]!["message"]!.GetValue<string>().Should().Contain(sentence);
        isWhole.Should().BeFalse();
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { IsEstimated = true, ErrorType = "upstream_error" });
    }

    [Test]
    public async Task A_stall_becomes_one_error_event()
    {
        var stream = ProviderScript.Stream(OpenAiBodies.Stream("half"));
        _provider.Answer = _ => stream with { StallAt = stream.Body.Length / 2 };

        var (body, isWhole) = await AskAsync();

        (body.Split("timeout_error").Length, isWhole).Should().Be((2, false));
        (await _gateway.LedgerAsync()).Single().Outcome.Should().Be("Incomplete");
    }

    [Test]
    public async Task Frames_of_one_byte_pass()
    {
        _provider.Answer = _ => ProviderScript.Stream(OpenAiBodies.Stream("One", " ✓")) with { IsBytewise = true };

        var (body, isWhole) = await AskAsync();

        body.Should().Contain("One").And.EndWith("data: [DONE]\n\n");
        isWhole.Should().BeTrue();
    }

    [Test]
    public async Task A_line_of_64_megabytes_passes_and_one_that_is_cut_says_so([Values] bool isCut)
    {
        var stream = ProviderScript.Stream(OpenAiBodies.Chunk(new string('x', (isCut ? 4 : 64) * 1024 * 1024)), OpenAiBodies.Chunk("{}", "stop"), OpenAiBodies.Done);
        _provider.Answer = _ => isCut ? stream with { CutAt = 3 * 1024 * 1024 } : stream;

        var (body, isWhole) = await AskAsync();

        isWhole.Should().Be(!isCut);
        body.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal).Should().Be(!isCut);
        body.Contains("\n\ndata: {\"error\":").Should().Be(isCut);
    }

    [Test]
    public async Task A_compressed_stream_that_is_cut_says_so()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var data in OpenAiBodies.Stream([.. Enumerable.Range(0, 2000).Select(number => $"{number * 7919}")])) await gzip.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"));
        }

        _provider.Answer = _ => new ProviderScript { Body = packed.ToArray(), Headers = "Content-Encoding: gzip\r\n", CutAt = (int)packed.Length / 2 };

        var (body, isWhole) = await AskAsync();

        body.Should().Contain("data: {\"error\":").And.NotContain("[DONE]");
        isWhole.Should().BeFalse();
    }

    [TestCase("text/plain", true)]
    [TestCase("application/octet-stream", true)]
    [TestCase("application/json", false)]
    [TestCase("text/html", false)]
    public async Task A_wrong_content_type_is_no_clean_end_unless_it_is_a_stream_after_all(string type, bool isStream)
    {
        _provider.Answer = _ => (isStream ? ProviderScript.Stream(OpenAiBodies.Stream("Hi")) : ProviderScript.Json(OpenAiBodies.Chat("Hi"))) with { ContentType = type };

        var (body, _) = await AskAsync();

        if (isStream) body.Should().EndWith("data: [DONE]\n\n");
        else JsonNode.Parse(body)!["error"]!["type"]!.GetValue<string>().Should().Be("upstream_error");
    }

    [Test]
    public async Task A_body_that_is_no_json_is_no_answer()
    {
        _provider.Answer = _ => ProviderScript.Json("<html>Sign in</html>") with { ContentType = "text/html" };

        using var response = await _client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini"}"""));

        response.StatusCode.Should().Be(HttpStatusCode.BadGateway);
    }

    [Test]
    public async Task A_reader_that_stalls_is_cut_and_recorded()
    {
        var endless = string.Concat(Enumerable.Repeat($"data: {OpenAiBodies.Chunk(new string('y', 4000))}\n\n", 10_000));
        _provider.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(endless) };

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, _gateway.Address.Port);
        const string body = """{"model":"gpt-4o-mini","stream":true}""";
        await socket.SendAsync(Encoding.UTF8.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {_key}\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        var rows = await Eventually.BecomesAsync(_gateway.LedgerAsync, rows => rows.Count > 0);

        rows.Single().Should().BeEquivalentTo(new { Outcome = "Aborted", ErrorType = "timeout_error", IsEstimated = true });
    }

    /// <summary>A pairing of delayed acknowledgements with Nagle's algorithm would show as 40 ms on each chunk.</summary>
    [Test]
    public async Task A_chunk_takes_no_step_of_40_milliseconds()
    {
        await using var provider = await FakeProvider.StartAsync();
        var next = new SemaphoreSlim(0);
        provider.Answer = async (context, _) =>
        {
            for (var chunk = 0; chunk < 40; chunk++)
            {
                await FakeProvider.Stream(context, OpenAiBodies.Chunk($"{chunk}"));
                await next.WaitAsync(Limit);
            }

            await FakeProvider.Stream(context, OpenAiBodies.Chunk("{}", "stop"), OpenAiBodies.Done);
        };
        await using var gateway = await TestGateway.StartAsync(TestClusters.At(provider.Address));
        using var through = gateway.With(await gateway.CreateKeyAsync());
        using var direct = new HttpClient { BaseAddress = provider.Address };

        var own = await MedianAsync(direct, next);
        var ours = await MedianAsync(through, next);

        TestContext.Out.WriteLine($"A chunk takes {own.TotalMilliseconds:0.000} ms directly, {ours.TotalMilliseconds:0.000} ms through the gateway.");
        ours.Should().BeLessThan(own + TimeSpan.FromMilliseconds(20));
    }

    private static async Task<TimeSpan> MedianAsync(HttpClient client, SemaphoreSlim next)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent("""{"model":"gpt-4o-mini","stream":true}""") };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var times = new List<TimeSpan>();
        var started = TimeProvider.System.GetTimestamp();
        while (await reader.ReadLineAsync().WaitAsync(Limit) is { } line)
        {
            if (line.Length == 0) continue;
            times.Add(TimeProvider.System.GetElapsedTime(started));
            started = TimeProvider.System.GetTimestamp();
            next.Release();
        }

        while (next.CurrentCount > 0) await next.WaitAsync();
        return times.Skip(5).Order().ElementAt((times.Count - 5) / 2);
    }

    private async Task<(string Body, bool IsWhole)> AskAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent("""{"model":"gpt-4o-mini","stream":true}""") };
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return await response.ReadAsFarAsItGoesAsync();
    }
}
