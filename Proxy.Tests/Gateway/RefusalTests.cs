using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;

namespace Proxy.Tests.Gateway;

/// <summary>Every refusal is one clear sentence in the envelope, and one row in the ledger.</summary>
internal sealed class RefusalTests : GatewayFixture
{
    private const string Good = """{"model":"gpt-4o-mini","messages":[]}""";

    protected override JsonObject Sections => new() { ["Requests"] = new JsonObject { ["MaxBodyBytes"] = 100_000 } };

    [TestCase("", 400, "request_body")]
    [TestCase("{", 400, "request_body")]
    [TestCase("[]", 400, "request_body")]
    [TestCase("""{"model":"gpt-4o-mini"} {"model":"other"}""", 400, "request_body")]
    [TestCase("""{"messages":[]}""", 400, "model")]
    [TestCase("""{"model":""}""", 400, "model")]
    [TestCase("""{"model":7}""", 400, "model")]
    [TestCase("""{"model":"gpt-4o-mini","model":"other"}""", 400, "model")]
    [TestCase("""{"model":"gpt-4o-mini","mod\u0065l":"other"}""", 400, "model")]
    [TestCase("""{"model":"gpt-4o-mini","MODEL":"other"}""", 400, "model")]
    [TestCase("""{"model":"gpt-4o-mini","stream":false,"stream":true}""", 400, "stream")]
    [TestCase("""{"model":"gpt-4o-mini","stream":"yes"}""", 400, "stream")]
    [TestCase("""{"model":"gpt-4o-mini","stream_options":7}""", 400, "stream_options")]
    [TestCase("""{"model":"gpt-4o-mini","api_base":"http://127.0.0.1/"}""", 400, "api_base")]
    [TestCase("""{"model":"gpt-4o-mini","base_url":"http://127.0.0.1/"}""", 400, "base_url")]
    [TestCase("""{"model":"no-such-model"}""", 400, "model")]
    public async Task A_body_that_cannot_be_used(string body, int status, string param)
    {
        var error = await RefusedAsync(Key, body);

        (error.Status, error.Param).Should().Be((status, param));
        await IsRecordedOnceAsync(status);
    }

    [Test]
    public async Task A_body_that_is_nested_too_deeply()
    {
        var error = await RefusedAsync(Key, $$"""{"model":"gpt-4o-mini","messages":{{new string('[', 5000)}}{{new string(']', 5000)}}}""");

        error.Status.Should().Be(400);
        await IsRecordedOnceAsync(400);
    }

    [Test]
    public async Task A_body_that_is_too_large([Values] bool isChunked)
    {
        var error = await RefusedAsync(Key, $$"""{"model":"gpt-4o-mini","messages":["{{new string('x', 100_000)}}"]}""", isChunked: isChunked);

        (error.Status, error.Message).Should().Be((413, "The request body is larger than the limit of 100000 bytes."));
        await IsRecordedOnceAsync(413);
    }

    [TestCase(null, "auth_error", "No api key passed in")]
    [TestCase("sk-nobody-has-this-key-0000", "token_not_found_in_db", "Invalid proxy server token passed")]
    [TestCase("no-prefix-key-0000", "auth_error", "expected to start with 'sk-'")]
    public async Task A_key_that_opens_nothing(string? key, string type, string sentence)
    {
        var error = await RefusedAsync(key, Good);

        (error.Status, error.Type).Should().Be((401, type));
        error.Message.Should().Contain(sentence).And.NotContain(key ?? "∅");
        await IsRecordedOnceAsync(401);
    }

    [Test]
    public async Task A_blocked_key_on_its_very_next_call()
    {
        (await Client.PostAsync("/v1/chat/completions", new StringContent(Good))).StatusCode.Should().Be(HttpStatusCode.OK);
        await Gateway.PostAsync("/key/block", new() { ["key"] = Key });

        var error = await RefusedAsync(Key, Good);

        (error.Status, error.Message).Should().Be((401, "Authentication Error, Key is blocked. Update via `/key/unblock` if you're admin."));
    }

    [Test]
    public async Task A_model_that_the_key_may_not_use()
    {
        var error = await RefusedAsync(await Gateway.CreateKeyAsync(new() { ["models"] = new JsonArray("other") }), Good);

        (error.Status, error.Type, error.Param).Should().Be((401, "key_model_access_denied", "model"));
        Provider.Calls.Should().BeEmpty();
        await IsRecordedOnceAsync(401);
    }

    [Test]
    public async Task A_provider_that_cannot_be_reached()
    {
        await Provider.DisposeAsync();

        var error = await RefusedAsync(Key, Good);

        (error.Status, error.Message).Should().Be((502, "The provider of model 'gpt-4o-mini' could not be reached."));
        await IsRecordedOnceAsync(502, "Failure");
    }

    [Test]
    public async Task A_provider_that_does_not_answer_in_time()
    {
        var over = new TaskCompletionSource();
        Provider.Answer = (_, _) => over.Task;
        var clusters = TestClusters.At(Provider.Address);
        clusters["gpt-4o-mini"]!["HttpRequest"] = new JsonObject { ["ActivityTimeout"] = "00:00:00.200" };
        await using var gateway = await TestGateway.StartAsync(clusters);

        var error = await RefusedAsync(await gateway.CreateKeyAsync(), Good, gateway);
        over.SetResult();

        (error.Status, error.Message).Should().Be((504, "The provider of model 'gpt-4o-mini' did not answer in time."));
        (await gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Status = 504, Outcome = "Failure", IsEstimated = true });
    }

    [Test]
    public async Task A_path_that_is_not_there_and_a_method_that_is_not_taken()
    {
        using var path = await Client.PostAsync("/v1/no/such/thing", new StringContent("{}"));
        using var method = await Client.GetAsync("/v1/chat/completions");
        using var outside = await Client.GetAsync("/no/such/thing");

        (path.StatusCode, method.StatusCode, outside.StatusCode).Should().Be((HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed, HttpStatusCode.NotFound));
        foreach (var response in (HttpResponseMessage[])[path, method, outside])
            JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]!.GetValue<string>().Should().Be(((int)response.StatusCode).ToString());
    }

    [Test]
    public async Task A_client_that_leaves_while_it_sends_is_recorded_and_raises_no_alarm()
    {
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(Gateway.Address.Host, Gateway.Address.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {Key}\r\nContent-Length: 1000\r\n\r\n{{\"model\":"));
            socket.Client.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        var rows = await Eventually.BecomesAsync(Gateway.LedgerAsync, rows => rows.Count > 0);

        // Kestrel tells of a body that ended too soon, or of a connection that broke, whichever it sees first.
        rows.Should().ContainSingle().Which.Outcome.Should().BeOneOf("Aborted", "Rejected");
        Gateway.Log.Should().NotContain(line => line.StartsWith("Error"));
    }

    [Test]
    public async Task A_flood_of_unknown_callers_does_not_fill_the_ledger()
    {
        using var client = Gateway.With("sk-nobody-has-this-key-0000");

        for (var call = 0; call < 1300; call++)
        {
            using var response = await client.PostAsync("/v1/chat/completions", new StringContent(Good));
            response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }

        // 600 a minute, and the flood may touch two minutes.
        (await Gateway.LedgerAsync()).Count.Should().BeInRange(600, 1200);
    }

    private async Task IsRecordedOnceAsync(int status, string outcome = "Rejected")
    {
        var row = (await Gateway.LedgerAsync()).Should().ContainSingle().Which;
        (row.Status, row.Outcome, row.Cost).Should().Be((status, outcome, 0));
    }

    private async Task<Refusal> RefusedAsync(string? key, string body, TestGateway? gateway = null, bool isChunked = false)
    {
        using var client = (gateway ?? Gateway).With(key);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = isChunked;
        using var response = await client.SendAsync(request);

        response.Headers.Should().Contain(header => header.Key == "x-litellm-call-id");
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        error["code"]!.GetValue<string>().Should().Be(((int)response.StatusCode).ToString());
        return new Refusal((int)response.StatusCode, error["type"]!.GetValue<string>(), error["message"]!.GetValue<string>(), error["param"]?.GetValue<string>());
    }

    private sealed record Refusal(int Status, string Type, string Message, string? Param);
}
