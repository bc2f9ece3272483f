using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Whatever a provider does to a stream, in each API that clients speak and at each API of providers: the whole answer, or one error event of the client's API and no clean end.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class StreamWayTests
{
    private const string Long = "a long word";
    private ScriptedProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _provider = new ScriptedProvider();
        JsonObject Cluster(string provider)
        {
            var cluster = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Provider"] = provider, ["ApiKey"] = TestClusters.FakeProviderKey });
            cluster["HttpRequest"] = new JsonObject { ["ActivityTimeout"] = "00:00:01" };
            cluster["Metadata"] = new JsonObject { ["FirstByteTimeout"] = "00:00:20" };
            return cluster;
        }

        _gateway = await TestGateway.StartAsync(
            new JsonObject { ["gpt"] = Cluster("openai"), ["chat"] = Cluster("deepseek"), ["claude"] = Cluster("anthropic"), ["flash"] = Cluster("gemini") },
            new JsonObject { ["Routing"] = new JsonObject { ["Retries"] = 0, ["DropUnsupportedParameters"] = true } });
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("as it is")]
    [TestCase("bytewise")]
    [TestCase("carriage returns")]
    [TestCase("compressed")]
    [TestCase("another type")]
    [TestCase("comments")]
    [TestCase("a long word")]
    public Task A_stream_that_is_whole_comes_whole(string how) => OnEachWayAsync(
        stream => how switch
        {
            "bytewise" => Script(stream.Whole("One", " ✓")) with { IsBytewise = true },
            "carriage returns" => Script(stream.Whole("One", " ✓").ReplaceLineEndings("\r\n")) with { IsBytewise = true },
            "compressed" => Script(stream.Whole("One", " ✓")) with { Body = Packed(stream.Whole("One", " ✓")), Headers = "Content-Encoding: gzip\r\n" },
            "another type" => Script(stream.Whole("One", " ✓")) with { ContentType = "application/octet-stream" },
            "comments" => Script(": awake\n\n" + stream.Whole("One", " ✓").Replace("\n\n", "\n\n: awake\n\n") + "\n\n"),
            Long => Script(stream.Whole("One", new string('x', 200_000), " ✓")),
            _ => Script(stream.Whole("One", " ✓")),
        },
        (way, text, isWhole) =>
        {
            isWhole.Should().BeTrue("{0} gave {1}", way, text);
            text.Should().Contain("One").And.Contain(way.End).And.NotContain(way.Error, way.ToString());
            if (how == Long) text.Count(character => character == 'x').Should().BeGreaterThanOrEqualTo(200_000, way.ToString());
        },
        "Success");

    [TestCase("cut")]
    [TestCase("compressed and cut")]
    [TestCase("stalls")]
    [TestCase("no end mark")]
    [TestCase("a broken frame")]
    [TestCase("a text between")]
    [TestCase("an error frame")]
    public Task A_stream_that_breaks_says_so_once_and_ends_badly(string how) => OnEachWayAsync(
        stream => how switch
        {
            "cut" => Script(stream.Begin + stream.Word("One") + stream.Word("two")[..^9]) with { CutAt = int.MaxValue },
            "compressed and cut" => Cut(Packed(stream.Begin + string.Concat(Enumerable.Range(0, 4000).Select(number => stream.Word($"One {number * 7919}"))))),
            "stalls" => Script(stream.Begin + stream.Word("One")) with { StallAt = int.MaxValue },
            "no end mark" => Script(stream.Begin + stream.Word("One")),
            "a broken frame" => Script(stream.Begin + stream.Word("One") + "data: {\"choices\":[{\n\n" + stream.Word("two") + stream.Last),
            "a text between" => Script(stream.Begin + stream.Word("One") + "upstream connect error or disconnect\n\n" + stream.Word("two") + stream.Last),
            _ => Script(stream.Begin + stream.Word("One") + stream.Failed("Overloaded, sorry.") + stream.Word("two") + stream.Last),
        },
        (way, text, isWhole) =>
        {
            isWhole.Should().BeFalse("{0} gave {1}", way, text);
            text.Should().Contain("One").And.NotContain(way.End, way.ToString()).And.NotContain("two", way.ToString());
            text.Split(way.Error).Should().HaveCount(2, "{0} gave {1}", way, text);
            if (how == "an error frame") text.Should().Contain("Overloaded, sorry.", way.ToString());
            if (how == "stalls") text.Should().ContainAny("timeout_error", "DEADLINE_EXCEEDED");
        },
        how == "an error frame" ? "Failure" : "Incomplete");

    [TestCase("a page")]
    [TestCase("a long page")]
    [TestCase("a sentence")]
    [TestCase("nothing")]
    [TestCase("a body")]
    [TestCase("an error frame")]
    [TestCase("an error body")]
    public Task What_is_no_stream_is_a_failed_attempt(string how) => OnEachWayAsync(
        stream => how switch
        {
            "a page" => Script("<html>\n\n<body>Sign in</body>\n\n</html>\n\n") with { ContentType = "text/html" },
            "a long page" => Script("<html>" + new string('x', 100_000)) with { CutAt = int.MaxValue },
            "a sentence" => Script("error: no upstream\n\n"),
            "a body" => ProviderScript.Json("{\n\n\"choices\":[]}\n\n"),
            "an error frame" => Script(stream.Failed("Overloaded, sorry.")),
            "an error body" => ProviderScript.Json(OpenAiBodies.Error("Overloaded, sorry.")),
            _ => Script(""),
        },
        (way, text, isWhole) =>
        {
            isWhole.Should().BeTrue();
            (JsonNode.Parse(text)?["error"]?["message"]).Should().NotBeNull("{0} gave {1}", way, text);
        },
        "Failure");

    [Test]
    public async Task Cut_at_any_place_it_is_the_whole_answer_or_one_error()
    {
        _provider.Answer = body => Script(StreamWay.Of(body).Whole("One", " ✓")) with { CutAt = CutOf(body) };
        var before = (await _gateway.LedgerAsync()).Count;
        var asked = StreamWay.All.SelectMany(way => Enumerable.Range(0, Encoding.UTF8.GetByteCount(way.Provider.Whole("One", " ✓")) + 1).Where(cut => cut % 7 == 0).Select(cut => (Way: way, Cut: cut))).ToList();

        await Parallel.ForEachAsync(asked, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (call, _) =>
        {
            var (text, isWhole) = await AskAsync(call.Way, call.Way.Asked.Replace("Hi", $"cut:{call.Cut}:"));
            var isError = text.Contains(call.Way.Error) || text.StartsWith('{');
            var isDone = isWhole && text.Contains(call.Way.End);
            (isDone ^ isError).Should().BeTrue("{0}, cut at {1}, gave {2}", call.Way, call.Cut, text);
            if (isError) text.Should().NotContain(call.Way.End, "{0}, cut at {1}", call.Way, call.Cut);
        });

        (await _gateway.LedgerAsync()).Count.Should().Be(before + asked.Count);

        static int CutOf(string body)
        {
            var from = body.IndexOf("cut:", StringComparison.Ordinal) + 4;
            return int.Parse(body[from..body.IndexOf(':', from)]);
        }
    }

    private async Task OnEachWayAsync(Func<ProviderStream, ProviderScript> play, Action<StreamWay, string, bool> check, string outcome)
    {
        _provider.Answer = body => play(StreamWay.Of(body));
        var before = (await _gateway.LedgerAsync()).Count;

        var answers = await Task.WhenAll(StreamWay.All.Select(way => AskAsync(way, way.Asked)));

        using (new FluentAssertions.Execution.AssertionScope())
        {
            foreach (var (way, (text, isWhole)) in StreamWay.All.Zip(answers)) check(way, text, isWhole);
        }

        (await _gateway.LedgerAsync()).Skip(before).Select(row => row.Outcome).Should().Equal(StreamWay.All.Select(_ => outcome));
    }

    private async Task<(string Text, bool IsWhole)> AskAsync(StreamWay way, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, way.Path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return await response.ReadAsFarAsItGoesAsync();
    }

    private static ProviderScript Script(string stream) => new() { Body = Encoding.UTF8.GetBytes(stream) };

    private static ProviderScript Cut(byte[] packed) => new() { Body = packed, Headers = "Content-Encoding: gzip\r\n", CutAt = packed.Length / 2 };

    private static byte[] Packed(string stream)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(Encoding.UTF8.GetBytes(stream));
        return packed.ToArray();
    }
}
