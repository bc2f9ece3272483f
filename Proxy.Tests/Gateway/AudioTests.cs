using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Sound and pictures in and out: forms go on byte for byte but for the model, and sound comes back as it is.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class AudioTests
{
    private const string Boundary = "----boundary-7f";
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        var price = new JsonObject { ["InputCostPerToken"] = 0.001, ["OutputCostPerToken"] = 0.002, ["AudioInputCostPerToken"] = 0.01, ["AudioOutputCostPerToken"] = 0.1 };
        var clusters = TestClusters.At(_provider.Address, "voice", new JsonObject { ["Model"] = "upstream", ["ApiKey"] = TestClusters.FakeProviderKey });
        clusters["whisper"] = TestClusters.Cluster($"{_provider.Address}v1");
        _gateway = await TestGateway.StartAsync(
            clusters,
            new JsonObject { ["Prices"] = new JsonObject { ["voice/first"] = price, ["whisper/first"] = new JsonObject { ["InputCostPerToken"] = 0, ["OutputCostPerToken"] = 0, ["CostPerSecond"] = 0.5 } }, ["Requests"] = new JsonObject { ["MaxBodyBytes"] = 100_000 }, ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [SetUp]
    public void Forget()
    {
        _provider.Calls.Clear();
        _provider.Answer = (context, _) => FakeProvider.Json(context, """{"text":"Hello!"}""");
    }

    [TestCase("/v1/audio/transcriptions", "atranscription")]
    [TestCase("/audio/translations", "atranslation")]
    [TestCase("/openai/deployments/voice/audio/transcriptions?api-version=2024-10-21", "atranscription")]
    public async Task A_recording_goes_on_byte_for_byte_but_for_the_model(string path, string callType)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, """
            {"text":"Hello!","usage":{"type":"tokens","input_tokens":14,"output_tokens":3,"total_tokens":17,"input_token_details":{"text_tokens":4,"audio_tokens":10}}}
            """);

        using var response = await PostAsync(path, Form("voice", Text("litellm_metadata", """{"tags":["a"]}"""), Text("num_retries", "1"), Text("language", "de")));

        response.StatusCode.Should().Be(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        var call = _provider.Calls.Single();
        call.Path.Should().Be("/v1" + path[path.IndexOf("/audio", StringComparison.Ordinal)..].Split('?')[0]);
        call.Headers["Content-Type"].Should().Be($"multipart/form-data; boundary=\"{Boundary}\"");
        call.Headers["Authorization"].Should().Be($"Bearer {TestClusters.FakeProviderKey}");
        call.Body.Should().Be(Form("upstream", Text("language", "de")));
        var row = await LastAsync();
        (row.Outcome, row.Model, row.IsEstimated).Should().Be(("Success", "voice", false));
        (await _gateway.QueryAsync<string>("select call_type from spend_log order by call_id desc limit 1")).Should().Equal(callType);
    }

    [Test]
    public async Task The_model_of_the_path_is_put_into_a_form_without_one()
    {
        using var response = await PostAsync("/engines/voice/audio/transcriptions", Form(null));

        _provider.Calls.Single().Body.Should().StartWith($"--{Boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nupstream\r\n--{Boundary}\r\n");
    }

    [Test]
    public async Task A_key_is_checked_against_the_model_of_the_form()
    {
        using var restricted = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("other") }));
        using var response = await restricted.PostAsync("/v1/audio/transcriptions", Content(Form("voice")));

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        _provider.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task A_form_that_is_too_large_is_refused()
    {
        using var response = await PostAsync("/v1/audio/transcriptions", Form("voice", Text("prompt", new string('x', 100_000))));

        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        _provider.Calls.Should().BeEmpty();
    }

    [TestCase("text/plain; charset=utf-8", "Hello, {you}\n")]
    [TestCase("text/vtt", "WEBVTT\n\n00:00.000 --> 00:02.500\nHello\n")]
    [TestCase("text/plain", "")]
    public async Task Transcripts_that_are_no_JSON_are_estimated(string type, string transcript)
    {
        _provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = type;
            await context.Response.WriteAsync(transcript);
        };

        using var response = await PostAsync("/v1/audio/transcriptions", Form("voice", Text("response_format", "text")));

        (await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType!.ToString()).Should().Be((transcript, type));
        var row = await LastAsync();
        (row.Outcome, row.Cost > 0).Should().Be(("Success", transcript.Length > 0));
    }

    [TestCase("""{"text":"Hello!","usage":{"type":"duration","seconds":9}}""", 9, false)]
    [TestCase("""{"text":"Hello!","duration":8.5}""", 8.5, false)]
    [TestCase("""{"text":"Hello!"}""", 0.2, true, Description = "8 bytes of text take a fifth of a second to say; the file looks shorter")]
    public async Task A_recording_is_paid_for_by_its_seconds_where_the_model_is(string answer, double seconds, bool isEstimated)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, answer);
        using var response = await PostAsync("/v1/audio/transcriptions", Form("whisper"));

        var row = await LastAsync();
        (row.Cost, row.IsEstimated).Should().Be(((long)((decimal)seconds * 0.5m * 1_000_000_000_000), isEstimated));
    }

    /// <summary>Of 20,000 bytes, which hold up to 40 seconds for 20 dollars, though speech mostly comes to 5 seconds.</summary>
    [Test]
    public async Task However_sparingly_a_recording_is_stored_its_most_is_held_and_what_the_provider_heard_is_billed([Values] bool isWave)
    {
        var (arrived, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        _provider.Answer = async (context, _) =>
        {
            arrived.TrySetResult();
            await goOn.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await FakeProvider.Json(context, """{"text":"Hello!","usage":{"type":"duration","seconds":9}}""");
        };
        var file = new byte[20_000];

        // A wave of eight channels, but compressed: a decoder takes no notice of them.
        if (isWave) "RIFF\0\0\0\0WAVEfmt \u0010\0\0\0\u0055\0\u0008\0\0\u007d\0\0\0\0\0\0\u0002\0\u0020\0"u8.CopyTo(file);
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["max_budget"] = 30 }));
        MultipartFormDataContent Recording() => new() { { new StringContent("whisper"), "model" }, { new ByteArrayContent(file), "file", "speech" } };
        var first = client.PostAsync("/v1/audio/transcriptions", Recording());
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60));

        using var beside = new HttpRequestMessage(HttpMethod.Post, "/v1/audio/transcriptions") { Content = Recording(), Headers = { { "x-litellm-timeout", "0.3" } } };
        using var refusal = await client.SendAsync(beside);
        goOn.SetResult();

        refusal.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
        (await _gateway.LedgerAsync()).Last(row => row.Outcome == "Success").Cost.Should().Be(4_500_000_000_000);
    }

    [Test]
    public async Task A_transcript_that_tells_no_seconds_costs_as_many_as_it_takes_to_say_it()
    {
        _provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(new string('a', 4000));
        };

        using var response = await PostAsync("/v1/audio/transcriptions", Form("whisper", Text("response_format", "text")));

        var row = await LastAsync();
        (row.Cost, row.IsEstimated).Should().Be((50_000_000_000_000, true), "100 seconds at 40 bytes each");
    }

    [Test]
    public async Task A_wave_is_as_long_as_a_decoder_finds_it_whatever_rate_its_head_claims([Values(32_000u, uint.MaxValue)] uint claimedRate)
    {
        using var wave = new MemoryStream();
        await using (var head = new BinaryWriter(wave, Encoding.ASCII, leaveOpen: true))
        {
            head.Write("RIFF\0\0\0\0WAVEfmt \u0010\0\0\0\u0001\0"u8);
            head.Write((short)1);
            head.Write(16_000);
            head.Write(claimedRate);
            head.Write((short)2);
            head.Write((short)16);
            head.Write(new byte[64_000 - (int)wave.Length]);
        }

        using var form = new MultipartFormDataContent { { new StringContent("whisper"), "model" }, { new ByteArrayContent(wave.ToArray()), "file", "speech.wav" } };
        using var response = await _client.PostAsync("/v1/audio/transcriptions", form);

        response.StatusCode.Should().Be(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        (await LastAsync()).Cost.Should().Be(1_000_000_000_000);
    }

    [Test]
    public async Task A_transcript_is_streamed_and_billed_by_its_end()
    {
        _provider.Answer = (context, _) => FakeProvider.Stream(context, """{"type":"transcript.text.delta","delta":"Hel"}""",
            """{"type":"transcript.text.done","text":"Hello","usage":{"input_tokens":14,"output_tokens":3,"total_tokens":17,"input_token_details":{"audio_tokens":10}}}""");

        using var response = await PostAsync("/v1/audio/transcriptions", Form("voice", Text("stream", "true")));

        (await response.Content.ReadAsStringAsync()).Should().Contain("transcript.text.delta").And.Contain("transcript.text.done");
        (await LastAsync()).Outcome.Should().Be("Success");
    }

    [TestCase("/v1/audio/transcriptions")]
    [TestCase("/v1/audio/speech")]
    public async Task A_stream_that_ends_too_soon_says_so(string path)
    {
        _provider.Answer = (context, _) => FakeProvider.Stream(context, """{"type":"transcript.text.delta","delta":"Hel"}""");

        using var content = path.EndsWith("speech", StringComparison.Ordinal)
            ? new StringContent("""{"model":"voice","input":"Hello","voice":"alloy","stream_format":"sse"}""")
            : Content(Form("voice", Text("stream", "true")));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var (text, isWhole) = await response.ReadAsFarAsItGoesAsync();

        isWhole.Should().BeFalse();
        text.Should().Contain("transcript.text.delta").And.Contain("\"error\"");
        (await LastAsync()).Outcome.Should().Be("Incomplete");
    }

    [TestCase(10)]
    [TestCase(200_000)]
    public async Task Speech_comes_back_as_it_is(int length)
    {
        var sound = new byte[length];
        new Random(1).NextBytes(sound);
        _provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = "audio/mpeg";
            await context.Response.Body.WriteAsync(sound);
        };

        using var response = await _client.PostAsync("/v1/audio/speech", new StringContent("""{"model":"voice","input":"Hello there","voice":"alloy"}"""));

        response.Content.Headers.ContentType!.MediaType.Should().Be("audio/mpeg");
        (await response.Content.ReadAsByteArrayAsync()).Should().Equal(sound);
        _provider.Calls.Single().Json["model"]!.GetValue<string>().Should().Be("upstream");
        var row = await LastAsync();
        (row.Outcome, row.IsEstimated, row.Cost).Should().Be(("Success", true, (long)(((4 * 0.001m) + (((length / 200) + 3) / 4 * 0.1m)) * 1_000_000_000_000)));
    }

    [TestCase("/v1/images/edits", "aimage_edit")]
    [TestCase("/v1/images/variations", "aimage_variation")]
    public async Task Pictures_are_edited_by_a_form(string path, string callType)
    {
        const string Answer = """{"created":1,"data":[{"b64_json":"aWk="}],"usage":{"input_tokens":5,"output_tokens":100,"total_tokens":105}}""";
        _provider.Answer = (context, _) => FakeProvider.Json(context, Answer);

        using var response = await PostAsync(path, Form("voice", Text("prompt", "A cat"), Text("n", "1")));
        using var streamed = await PostAsync(path, Form("voice", Text("stream", "true")));

        (await response.Content.ReadAsStringAsync()).Should().Be(Answer);
        streamed.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        _provider.Calls.Single().Body.Should().Be(Form("upstream", Text("prompt", "A cat"), Text("n", "1")));
        (await _gateway.QueryAsync<string>("select call_type from spend_log order by call_id desc limit 2")).Should().Equal(callType, callType);
    }

    [Test]
    public async Task A_providers_refusal_reaches_the_client()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, """{"error":{"message":"Invalid file format."}}""", 400);

        using var response = await PostAsync("/v1/audio/transcriptions", Form("voice"));

        (response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((HttpStatusCode.BadRequest, """{"error":{"message":"Invalid file format."}}"""));
        (await LastAsync()).Cost.Should().Be(0);
    }

    private async Task<LedgerRow> LastAsync() => (await _gateway.LedgerAsync())[^1];

    private Task<HttpResponseMessage> PostAsync(string path, string form) => _client.PostAsync(path, Content(form));

    private static ByteArrayContent Content(string form)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(form));
        content.Headers.TryAddWithoutValidation("Content-Type", $"multipart/form-data; boundary={Boundary}");
        return content;
    }

    private static string Form(string? model, params string[] parts) =>
        (model is null ? "" : Text("model", model))
        + $"--{Boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"Grüße.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\0ÄÖ\r\n--{Boundary[..^1]}\r\n\r\n"
        + string.Concat(parts) + $"--{Boundary}--\r\n";

    private static string Text(string name, string value) => $"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n";
}
