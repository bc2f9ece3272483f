using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Tests.Gateway;
using Proxy.Tests.Providers;
using Proxy.Tests.Translation;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Tests.Bedrock;

/// <summary>Calls at Amazon Bedrock on their way through the gateway: signed, framed, billed.</summary>
internal sealed class BedrockTests
{
    private const string Secret = "wJalrXUtnFEMI-of-the-operator";
    private const string Chat = """{"model":"claude","max_tokens":64,"messages":[{"role":"user","content":"Hi"}]}""";

    private ScriptedProvider _scripted = null!;
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        _provider.Answer = (context, _) => FakeProvider.Json(context, BedrockBodies.Text("Hello ✓"));
        _scripted = new ScriptedProvider();
        _gateway = await TestGateway.StartAsync(
            new JsonObject
            {
                ["claude"] = Cluster(_provider.Address, new JsonObject { ["AccessKeyId"] = "AKIDEXAMPLE", ["SecretAccessKey"] = Secret, ["SessionToken"] = "a-token", ["Region"] = "eu-west-1" }),
                ["pair"] = Pair(_scripted.Address, _provider.Address),
                ["keyed"] = Cluster(_provider.Address, new JsonObject { ["ApiKey"] = TestClusters.FakeProviderKey }),
                ["scripted"] = Cluster(_scripted.Address, new JsonObject { ["AccessKeyId"] = "AKIDEXAMPLE", ["SecretAccessKey"] = Secret, ["Region"] = "eu-west-1" }),
            },
            new JsonObject { ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _scripted.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("/v1/chat/completions", Chat, "\"content\":\"Hello ✓\"")]
    [TestCase("/v1/messages", Chat, "\"text\":\"Hello ✓\"")]
    [TestCase("/v1/responses", """{"model":"claude","input":"Hi"}""", "\"text\":\"Hello ✓\"")]
    public async Task Clients_of_every_api_are_answered_and_billed_with_the_cache(string path, string body, string answer)
    {
        using var response = await PostAsync(path, body);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).Should().Contain(answer);
        var call = _provider.Calls.Single();
        call.Path.Should().Be("/model/eu.anthropic.claude-sonnet-4:0/converse");
        TestTranslation.ShouldBe(call.Json["messages"], """[{"role":"user","content":[{"text":"Hi"}]}]""");
        (await _gateway.QueryAsync<string>("select input_tokens || ' ' || cache_write_tokens || ' ' || cached_input_tokens || ' ' || output_tokens || ' ' || provider from spend_log"))
            .Should().Equal("10 20 30 5 bedrock");
    }

    [Test]
    public async Task A_call_is_signed_with_the_deployments_keys_and_shows_nobody_elses()
    {
        using var response = await PostAsync("/v1/chat/completions", Chat);

        var headers = _provider.Calls.Single().Headers;
        headers["Authorization"].Should().MatchRegex("^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/[0-9]{8}/eu-west-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$");
        headers["x-amz-security-token"].Should().Be("a-token");
        headers.Keys.Should().NotContain("x-api-key");
        _gateway.Log.Should().NotContain(line => line.Contains(Secret) || line.Contains("a-token"));
    }

    [Test]
    public async Task A_key_of_Bedrocks_own_needs_no_signature()
    {
        using var response = await PostAsync("/v1/messages", Chat.Replace("claude", "keyed"));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        _provider.Calls.Single().Headers["Authorization"].Should().Be($"Bearer {TestClusters.FakeProviderKey}");
    }

    [TestCase("/v1/chat/completions", "data: [DONE]\n\n")]
    [TestCase("/v1/messages", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")]
    public async Task A_stream_comes_out_of_its_frames_byte_by_byte(string path, string end)
    {
        _scripted.Answer = _ => new ProviderScript { Body = BedrockBodies.Stream("One,", " two ✓"), ContentType = BedrockBodies.FrameType, IsBytewise = true };

        using var response = await PostAsync(path, Streamed);
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        body.Should().Contain("One,").And.Contain(" two ✓").And.EndWith(end);
        isWhole.Should().BeTrue();
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Tokens = 65L, IsEstimated = false });
    }

    [TestCase("/v1/chat/completions")]
    [TestCase("/v1/messages")]
    public async Task Cut_at_any_byte_it_is_the_whole_answer_or_an_error_event(string path)
    {
        var isChat = path == "/v1/chat/completions";
        var stream = MessagesOnConverseTests.AgentStream;
        var cutAt = 0;
        _scripted.Answer = _ => new ProviderScript { Body = stream, ContentType = BedrockBodies.FrameType, End = BodyEnd.Close, CutAt = cutAt };
        var cuts = Enumerable.Range(0, stream.Length + 1).Where(cut => cut % 29 == 0 || cut > stream.Length - 20).ToList();

        foreach (var cut in cuts)
        {
            cutAt = cut;
            using var response = await PostAsync(path, Streamed);
            var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();
            if (!response.IsSuccessStatusCode)
            {
                ((int)response.StatusCode, isWhole).Should().Be((502, true), "cut at {0}", cut);
                continue;
            }

            body.EndsWith(isChat ? "data: [DONE]\n\n" : "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", StringComparison.Ordinal).Should().Be(isWhole, "cut at {0}", cut);
            body.Contains(isChat ? "data: {\"error\":{\"message\":" : "event: error\ndata: {\"type\":\"error\"", StringComparison.Ordinal).Should().Be(!isWhole, "cut at {0}", cut);
            isWhole.Should().Be(cut == stream.Length);
        }

        (await _gateway.LedgerAsync()).Count.Should().Be(cuts.Count);
    }

    [Test]
    public async Task A_frame_that_changed_on_the_way_is_an_error_event()
    {
        var stream = BedrockBodies.Stream("One,", " two ✓");
        stream[^20] ^= 1;
        _scripted.Answer = _ => new ProviderScript { Body = stream, ContentType = BedrockBodies.FrameType };

        using var response = await PostAsync("/v1/messages", Streamed);
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        body.Should().Contain("One,").And.Contain("event: error\n").And.NotContain("message_stop");
        isWhole.Should().BeFalse();
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Incomplete", IsEstimated = true });
    }

    [TestCase("validationException", 400)]
    [TestCase("throttlingException", 429)]
    [TestCase("serviceUnavailableException", 503)]
    [TestCase("modelStreamErrorException", 502)]
    public async Task An_exception_before_the_first_word_keeps_its_status(string type, int status)
    {
        _scripted.Answer = _ => new ProviderScript { Body = BedrockBodies.Exception(type, "Slow down"), ContentType = BedrockBodies.FrameType };

        using var response = await PostAsync("/v1/chat/completions", Streamed);

        ((int)response.StatusCode).Should().Be(status);
        (await response.Content.ReadAsStringAsync()).Should().Contain("Slow down");
    }

    [TestCase("validationException", 400, false)]
    [TestCase("throttlingException", 200, true)]
    public async Task What_is_the_clients_fault_is_asked_of_nobody_else_and_speaks_against_nobody(string type, int status, bool isTriedElsewhere)
    {
        _scripted.Answer = _ => new ProviderScript { Body = BedrockBodies.Exception(type, "Not so"), ContentType = BedrockBodies.FrameType };
        _provider.Answer = (context, _) =>
        {
            context.Response.ContentType = BedrockBodies.FrameType;
            return context.Response.Body.WriteAsync(BedrockBodies.Stream("Hello")).AsTask();
        };

        using var first = await PostAsync("/v1/messages", Streamed.Replace("scripted", "pair"));
        using var second = await PostAsync("/v1/messages", Streamed.Replace("scripted", "pair"));

        ((int)first.StatusCode, (int)second.StatusCode).Should().Be((status, status));
        _provider.Calls.Should().HaveCount(isTriedElsewhere ? 2 : 0);
        _scripted.Calls.Should().Be(isTriedElsewhere ? 1 : 2, "a destination cools for its own trouble alone");
    }

    [Test]
    public async Task A_stream_that_is_throttled_says_so_in_its_error_event()
    {
        _scripted.Answer = _ => new ProviderScript { Body = [.. BedrockBodies.Delta(0, """{"text":"x"}"""), .. BedrockBodies.Exception("throttlingException", "Slow down")], ContentType = BedrockBodies.FrameType };

        using var response = await PostAsync("/v1/messages", Streamed);
        var (body, _) = await response.ReadAsFarAsItGoesAsync();

        body.Should().Contain("\"text\":\"x\"").And.Contain("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"").And.Contain("Slow down");
    }

    [Test]
    public async Task An_exception_within_a_stream_is_told_in_the_clients_protocol()
    {
        _scripted.Answer = _ => new ProviderScript { Body = [.. BedrockBodies.Delta(0, """{"text":"x"}"""), .. BedrockBodies.Exception("modelStreamErrorException", "It broke")], ContentType = BedrockBodies.FrameType };

        using var response = await PostAsync("/v1/chat/completions", Streamed);
        var (body, _) = await response.ReadAsFarAsItGoesAsync();

        body.Should().Contain("\"content\":\"x\"").And.Contain("data: {\"error\":{\"message\":").And.Contain("It broke").And.NotContain("[DONE]");
    }

    [TestCase(429, "ThrottlingException", 429, "rate_limit_error")]
    [TestCase(400, "ValidationException", 400, "invalid_request_error")]
    [TestCase(424, "ModelErrorException", 424, "invalid_request_error")]
    [TestCase(503, "ServiceUnavailableException", 503, "api_error")]
    public async Task A_refusal_keeps_its_status_and_words(int status, string type, int expected, string told)
    {
        _provider.Answer = (context, _) =>
        {
            context.Response.Headers["x-amzn-ErrorType"] = type;
            return FakeProvider.Json(context, """{"message":"Not \"now\""}""", status);
        };

        using var message = await PostAsync("/v1/messages", Chat);
        using var chat = await PostAsync("/v1/chat/completions", Chat);

        ((int)message.StatusCode, (int)chat.StatusCode).Should().Be((expected, expected));
        TestTranslation.ShouldBe(JsonNode.Parse(await message.Content.ReadAsStringAsync()), $$$"""{"type":"error","error":{"type":"{{{told}}}","message":"Not \"now\""}}""");
        JsonNode.Parse(await chat.Content.ReadAsStringAsync())!["error"]!["message"]!.GetValue<string>().Should().Be("Not \"now\"");
    }

    [Test]
    public async Task A_refused_credential_is_not_quoted()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, """{"Message":"The security token AKIDEXAMPLE is invalid"}""", 403);

        using var response = await PostAsync("/v1/messages", Chat);

        (await response.Content.ReadAsStringAsync()).Should().NotContain("AKIDEXAMPLE");
    }

    [Test]
    public async Task A_model_of_the_database_has_keys_that_nobody_sees()
    {
        await _gateway.PostAsync("/model/new", new JsonObject
        {
            ["model_name"] = "stored",
            ["litellm_params"] = new JsonObject
            {
                ["model"] = "bedrock/converse/eu.amazon.nova:0",
                ["api_base"] = _provider.Address.ToString(),
                ["aws_access_key_id"] = "AKIDSTORED",
                ["aws_secret_access_key"] = Secret,
                ["aws_region_name"] = "eu-central-1",
            },
        });

        using var response = await PostAsync("/v1/messages", Chat.Replace("claude", "stored"));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (_provider.Calls.Single().Path, _provider.Calls.Single().Headers["Authorization"]).Should().Match<(string Path, string Signature)>(call => call.Path == "/model/eu.amazon.nova:0/converse" && call.Signature.Contains("Credential=AKIDSTORED/") && call.Signature.Contains("/eu-central-1/bedrock/"));
        (await _gateway.QueryAsync<string>("select params || info from model")).Single().Should().NotContain(Secret).And.NotContain("AKIDSTORED");
        var shown = await _gateway.Admin.GetStringAsync("/model/info");
        shown.Should().NotContain(Secret).And.NotContain("AKIDSTORED").And.Contain("eu-central-1");
        (await _gateway.Admin.GetStringAsync("/audit")).Should().NotContain(Secret).And.NotContain("AKIDSTORED");
    }

    [TestCase("aws_secret_access_key", "os.environ/AWS_SECRET")]
    [TestCase("aws_access_key_id", "env:AWS_KEY")]
    [TestCase("aws_session_token", "file:/etc/passwd")]
    public async Task A_model_of_the_database_reads_nothing_of_the_servers(string field, string reference)
    {
        using var response = await _gateway.Admin.PostAsync("/model/new", new StringContent(new JsonObject
        {
            ["model_name"] = "stored",
            ["litellm_params"] = new JsonObject { ["model"] = "bedrock/x", [field] = reference },
        }.ToJsonString(), Encoding.UTF8, "application/json"));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("must hold the value itself");
    }

    [TestCase("https://e.org", "{}", "it needs an ApiKey, or AccessKeyId and SecretAccessKey", "it needs a Region, which its address does not name")]
    [TestCase("https://bedrock-runtime.us-east-1.amazonaws.com", """{"AccessKeyId":"a"}""", "it needs an ApiKey, or AccessKeyId and SecretAccessKey")]
    [TestCase("https://e.org", """{"ApiKey":"a","Region":"x/y"}""", "its Region 'x/y' is none")]
    [TestCase("https://e.org", """{"AccessKeyId":"a","SecretAccessKey":"env:NO_SUCH_NAME_HERE","Region":"us-east-1"}""", "its SecretAccessKey cannot be had: the environment variable 'NO_SUCH_NAME_HERE' is not set")]
    public void A_destination_without_what_signs_its_calls_is_a_fault(string address, string metadata, params string[] expected)
    {
        var faults = new List<string>();
        var given = JsonNode.Parse(metadata)!.AsObject().ToDictionary(entry => entry.Key, entry => entry.Value!.GetValue<string>());
        given["Provider"] = "bedrock";

        Deployment.Read(new DestinationConfig { Address = address, Metadata = given }, faults.Add).Should().BeNull();
        faults.Should().Equal(expected);
    }

    [Test]
    public void Where_it_is_follows_from_the_region_and_the_other_way_round()
    {
        var dialect = ProviderDialect.Find(ProviderNames.Bedrock)!;
        var given = new Dictionary<string, string> { ["Provider"] = "bedrock", ["AccessKeyId"] = "a", ["SecretAccessKey"] = "b" };
        var deployment = Deployment.Read(new DestinationConfig { Address = dialect.UsualAddressIn("us-gov-west-1")!, Metadata = given }, fault => throw new InvalidOperationException(fault))!;

        deployment.AwsKeys!.Region.Should().Be("us-gov-west-1");
        dialect.UsualAddressIn(region: null).Should().BeNull();
        dialect.ProbeOf(dialect.UsualAddressIn("us-gov-west-1")!, apiVersion: null).AbsoluteUri.Should().Be("https://bedrock.us-gov-west-1.amazonaws.com/foundation-models");
    }

    [Test]
    public async Task A_probe_is_signed_too()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, "{}");

        await _gateway.Admin.GetStringAsync("/health?model=claude");

        _provider.Calls.Should().Contain(call => call.Path == "/foundation-models" && call.Headers["Authorization"].StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/", StringComparison.Ordinal));
    }

    private static string Streamed => Chat.Replace("claude", "scripted")[..^1] + ",\"stream\":true}";

    private static JsonObject Cluster(Uri address, JsonObject metadata)
    {
        metadata["Provider"] = "bedrock";
        metadata["Model"] = "eu.anthropic.claude-sonnet-4:0";
        return new JsonObject { ["Destinations"] = new JsonObject { ["first"] = new JsonObject { ["Address"] = address.ToString(), ["Metadata"] = metadata } } };
    }

    private static JsonObject Pair(Uri first, Uri second)
    {
        JsonObject Destination(Uri address, int order) => new()
        {
            ["Address"] = address.ToString(),
            ["Metadata"] = new JsonObject { ["Provider"] = "bedrock", ["Model"] = "m", ["ApiKey"] = TestClusters.FakeProviderKey, ["Order"] = $"{order}" },
        };
        return new JsonObject
        {
            ["Metadata"] = new JsonObject { ["Retries"] = "1", ["CooldownTime"] = "00:10:00" },
            ["Destinations"] = new JsonObject { ["a"] = Destination(first, 1), ["b"] = Destination(second, 2) },
        };
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) => _client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") }, HttpCompletionOption.ResponseHeadersRead);
}
