using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Gateway;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Resources;

/// <summary>What the operator says of things that providers keep.</summary>
internal sealed class ResourceSettingTests
{
    private FakeProvider _provider = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        _ = new FakeKeeper(_provider, "one");
    }

    [TearDown]
    public async Task StopAsync() => await _provider.DisposeAsync();

    [TestCase("/v1/batches", """{"input_file_id":"file-elsewhere"}""")]
    [TestCase("/v1/fine_tuning/jobs", """{"model":"gpt"}""")]
    [TestCase("/v1/threads/runs", """{"model":"gpt"}""")]
    public async Task What_costs_money_after_its_answer_is_not_begun_unless_the_operator_allows_it(string path, string body)
    {
        await using var gateway = await StartGatewayAsync(new JsonObject { ["AllowUnknownIds"] = true });
        using var client = gateway.With(await gateway.CreateKeyAsync());

        using var response = await client.PostAsync(path, Json(body));

        (response.StatusCode, _provider.Calls.Count).Should().Be((HttpStatusCode.BadRequest, 0));
        (await response.Content.ReadAsStringAsync()).Should().Contain("Requests:AllowLaterCost");
    }

    [Test]
    public async Task Ids_from_elsewhere_pass_where_the_operator_allows_it_but_never_those_of_somebody_else()
    {
        await using var gateway = await StartGatewayAsync(new JsonObject { ["AllowUnknownIds"] = true });
        using var client = gateway.With(await gateway.CreateKeyAsync());
        using var stranger = gateway.With(await gateway.CreateKeyAsync());
        using var made = await client.PostAsync("/v1/responses", Json("""{"model":"gpt","input":"Hi"}"""));
        var id = JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();

        (await ContinueAsync(client, "resp_elsewhere")).Should().Be(HttpStatusCode.OK);
        (await ContinueAsync(client, id)).Should().Be(HttpStatusCode.OK);
        (await ContinueAsync(stranger, id)).Should().Be(HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task Whose_a_response_is_outlasts_a_restart()
    {
        var folder = await TestFolder.CreateAsync();
        folder.WriteConfig(Clusters);
        string id, key, other;
        await using (var first = await TestGateway.StartAsync(folder))
        {
            (key, other) = (await first.CreateKeyAsync(), await first.CreateKeyAsync());
            using var client = first.With(key);
            using var made = await client.PostAsync("/v1/responses", Json("""{"model":"gpt","input":"Hi"}"""));
            id = JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
            await first.StopAsync();

            await using var second = await TestGateway.StartAsync(folder);
            using var own = second.With(key);
            using var stranger = second.With(other);
            (await ContinueAsync(own, id)).Should().Be(HttpStatusCode.OK);
            (await ContinueAsync(stranger, id)).Should().Be(HttpStatusCode.BadRequest);
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_file_that_is_too_large_is_refused(bool isLengthKnown)
    {
        await using var gateway = await StartGatewayAsync(new JsonObject { ["MaxFileBytes"] = 4096 });
        using var client = gateway.With(await gateway.CreateKeyAsync());
        client.DefaultRequestHeaders.TransferEncodingChunked = !isLengthKnown;
        using var file = new ByteArrayContent(new byte[300_000]);
        using var form = new MultipartFormDataContent { { file, "file", "in.jsonl" } };

        using var response = await client.PostAsync("/v1/files", form);

        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task The_container_of_a_message_is_of_whose_message_it_was(bool isStream)
    {
        const string Container = "\"container\":{\"id\":\"container_1\",\"expires_at\":\"2030-01-01T00:00:00Z\"}";
        const string Message = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}";
        _provider.Answer = (context, _) => isStream
            ? FakeProvider.Stream(
                context,
                "{\"type\":\"message_start\",\"message\":" + Message + "}}",
                "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"," + Container + "},\"usage\":{\"output_tokens\":1}}",
                "{\"type\":\"message_stop\"}")
            : FakeProvider.Json(context, Message + "," + Container + "}");
        await using var gateway = await TestGateway.StartAsync(new JsonObject { ["claude"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Provider"] = "anthropic" }) });
        using var client = gateway.With(await gateway.CreateKeyAsync());
        using var stranger = gateway.With(await gateway.CreateKeyAsync());
        var asked = "{\"model\":\"claude\",\"max_tokens\":9,\"messages\":[]" + (isStream ? ",\"stream\":true}" : "}");
        using var made = await client.PostAsync("/v1/messages", Json(asked));
        await made.Content.ReadAsStringAsync();

        var next = asked.Replace("\"messages\"", "\"container\":\"container_1\",\"messages\"");
        using var own = await client.PostAsync("/v1/messages", Json(next));
        using var foreign = await stranger.PostAsync("/v1/messages", Json(next));

        (own.StatusCode, foreign.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task A_deployment_that_is_full_tells_how_long_it_is()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, """{"object":"list","data":[]}""");
        await using var gateway = await TestGateway.StartAsync(new JsonObject { ["gpt"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["RpmLimit"] = "1" }) });
        (await gateway.Admin.GetAsync("/v1/files")).EnsureSuccessStatusCode();

        using var full = await gateway.Admin.GetAsync("/v1/files");

        ((int)full.StatusCode, full.Headers.RetryAfter!.Delta > TimeSpan.FromSeconds(40)).Should().Be((429, true), "a permit frees a minute after the first call");
    }

    private JsonObject Clusters => new() { ["gpt"] = TestClusters.Cluster($"{_provider.Address}v1") };

    private Task<TestGateway> StartGatewayAsync(JsonObject requests) => TestGateway.StartAsync(Clusters, new JsonObject { ["Requests"] = requests });

    private static async Task<HttpStatusCode> ContinueAsync(HttpClient client, string id)
    {
        using var response = await client.PostAsync("/v1/responses", Json($$"""{"model":"gpt","input":"Hi","previous_response_id":"{{id}}"}"""));
        return response.StatusCode;
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
}
