using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Gateway;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Resources;

/// <summary>What a provider keeps is whose call made it, though all calls go there with one credential.</summary>
[OnEachEngine]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class ResourceTests
{
    private const string Asked = """{"model":"gpt","input":"Hi"}""";
    private FakeProvider _one = null!;
    private FakeProvider _two = null!;
    private FakeKeeper _keeper = null!;
    private TestGateway _gateway = null!;
    private HttpClient _own = null!;
    private HttpClient _colleague = null!;
    private HttpClient _stranger = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _one = await FakeProvider.StartAsync();
        _two = await FakeProvider.StartAsync();
        _keeper = new FakeKeeper(_one, "one");
        _ = new FakeKeeper(_two, "two");
        var gpt = TestClusters.Cluster($"{_one.Address}v1", new JsonObject { ["Model"] = "gpt-upstream", ["ApiKey"] = TestClusters.FakeProviderKey });
        gpt["LoadBalancingPolicy"] = "RoundRobin";
        gpt["Destinations"]!["second"] = new JsonObject { ["Address"] = $"{_two.Address}v1", ["Metadata"] = new JsonObject { ["ApiKey"] = TestClusters.FakeProviderKey } };
        var clusters = new JsonObject { ["gpt"] = gpt, ["other"] = TestClusters.Cluster($"{_two.Address}v1") };
        var prices = new JsonObject { ["gpt-upstream"] = new JsonObject { ["InputCostPerToken"] = 0.1, ["OutputCostPerToken"] = 1, ["InputCostPerTokenBatch"] = 0.05, ["OutputCostPerTokenBatch"] = 0.5 } };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Prices"] = prices, ["Requests"] = new JsonObject { ["AllowLaterCost"] = true }, ["Routing"] = new JsonObject { ["Retries"] = 0 } });

        var team = await _gateway.CreateTeamAsync();
        _own = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["team_id"] = team }));
        _colleague = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["team_id"] = team, ["user_id"] = "colleague" }));
        _stranger = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["team_id"] = await _gateway.CreateTeamAsync() }));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _own?.Dispose();
        _colleague?.Dispose();
        _stranger?.Dispose();
        if (_gateway is not null) await _gateway.DisposeAsync();
        if (_one is not null) await _one.DisposeAsync();
        if (_two is not null) await _two.DisposeAsync();
    }

    [SetUp]
    public void Forget()
    {
        _one.Calls.Clear();
        _two.Calls.Clear();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_response_is_of_whose_call_made_it(bool isStreamed)
    {
        var id = await RespondAsync(isStreamed);

        foreach (var client in (HttpClient[])[_own, _colleague, _gateway.Admin])
        {
            var (status, body) = await SendAsync(client, HttpMethod.Get, $"/v1/responses/{id}");
            (status, body["id"]!.GetValue<string>()).Should().Be((HttpStatusCode.OK, id));
        }

        Forget();
        (await SendAsync(_stranger, HttpMethod.Get, $"/v1/responses/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await SendAsync(_stranger, HttpMethod.Get, $"/v1/responses/{id}/input_items")).Status.Should().Be(HttpStatusCode.NotFound);
        (await SendAsync(_stranger, HttpMethod.Post, $"/responses/{id}/cancel")).Status.Should().Be(HttpStatusCode.NotFound);
        (await SendAsync(_stranger, HttpMethod.Delete, $"/v1/responses/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        var (refused, error) = await SendAsync(_stranger, HttpMethod.Post, "/v1/responses", $$"""{"model":"gpt","input":"Hi","previous_response_id":"{{id}}"}""");
        (refused, error["error"]!["param"]!.GetValue<string>()).Should().Be((HttpStatusCode.BadRequest, "previous_response_id"));
        var item = id.Replace("resp_", "msg_");
        (await SendAsync(_stranger, HttpMethod.Post, "/v1/responses", $$"""{"model":"gpt","input":[{"type":"item_reference","id":"{{item}}"}]}""")).Status.Should().Be(HttpStatusCode.BadRequest);
        (_one.Calls.Count, _two.Calls.Count).Should().Be((0, 0), "nothing of it may reach the provider");
        (await SendAsync(_own, HttpMethod.Post, "/v1/responses", $$"""{"model":"gpt","input":[{"type":"item_reference","id":"{{item}}"}]}""")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task What_a_call_refers_to_decides_where_it_goes()
    {
        foreach (var id in (string[])[await RespondAsync(), await RespondAsync()])
        {
            Forget();
            for (var i = 0; i < 3; i++)
                (await SendAsync(_own, HttpMethod.Post, "/v1/responses", $$"""{"model":"gpt","input":"Hi","previous_response_id":"{{id}}"}""")).Status.Should().Be(HttpStatusCode.OK);

            (_one.Calls.Count, _two.Calls.Count).Should().Be(id.Contains("_one_") ? (3, 0) : (0, 3));
        }
    }

    [Test]
    public async Task A_model_at_another_provider_cannot_go_on_from_it()
    {
        var id = (await RespondAsync(), await RespondAsync()) is var (a, b) && a.Contains("_one_") ? a : b;

        var (status, body) = await SendAsync(_own, HttpMethod.Post, "/v1/responses", $$"""{"model":"other","input":"Hi","previous_response_id":"{{id}}"}""");

        (status, body["error"]!["message"]!.GetValue<string>()).Should().Be((HttpStatusCode.BadRequest,
            $"The field 'previous_response_id' refers to '{id}', which is kept by another provider than those of the model 'other', or than the rest of what the call refers to."));
    }

    [Test]
    public async Task What_is_deleted_is_nobodys()
    {
        var id = await RespondAsync();

        (await SendAsync(_own, HttpMethod.Delete, $"/v1/responses/{id}")).Status.Should().Be(HttpStatusCode.OK);

        (await SendAsync(_own, HttpMethod.Get, $"/v1/responses/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        var entry = JsonNode.Parse(await _gateway.Admin.GetStringAsync($"/audit?object_id={id}"))!["audit_logs"]!.AsArray().Single()!;
        $"{entry["action"]} {entry["table_name"]} {entry["before_value"]!["kind"]}".Should().Be("deleted LiteLLM_ManagedObjectTable response");
        entry["changed_by_api_key"]!.GetValue<string>().Should().HaveLength(64);
    }

    [TestCase("/v1/responses/..%2fmodels")]
    [TestCase("/v1/files/a%2f..%2f..%2fmodels")]
    [TestCase("/v1/files/a%3fb")]
    [TestCase("/v1/threads/a/../../models/x")]
    [TestCase("/v1/conversations/unknown/items")]
    [TestCase("/v1/files/file-unknown/content")]
    public async Task A_path_leads_nowhere_else(string path)
    {
        using var response = await _own.GetAsync(path);

        (response.StatusCode, _one.Calls.Count + _two.Calls.Count).Should().Be((HttpStatusCode.NotFound, 0));
    }

    [Test]
    public async Task Files_are_uploaded_listed_read_and_deleted_by_their_owner()
    {
        var id = await UploadAsync(_own, "purpose-of-mine");
        var call = _one.Calls.Single();
        (call.Path, call.Headers["Authorization"]).Should().Be(("/v1/files", $"Bearer {TestClusters.FakeProviderKey}"));
        call.Body.Should().Contain("purpose-of-mine").And.Contain("line of a file");
        var others = await UploadAsync(_stranger, "theirs");

        var (_, list) = await SendAsync(_own, HttpMethod.Get, "/v1/files?purpose=batch");
        list["data"]!.AsArray().Select(file => file!["id"]!.GetValue<string>()).Should().Contain(id).And.NotContain(others);
        list.ContainsKey("first_id").Should().BeFalse();

        _keeper.FileContent = RandomNumberGenerator.GetBytes(3_000_000);
        (await _own.GetByteArrayAsync($"/v1/files/{id}/content")).Should().Equal(_keeper.FileContent);
        (await SendAsync(_stranger, HttpMethod.Get, $"/v1/files/{id}/content")).Status.Should().Be(HttpStatusCode.NotFound);
        (await SendAsync(_stranger, HttpMethod.Delete, $"/files/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await SendAsync(_own, HttpMethod.Delete, $"/files/{id}")).Status.Should().Be(HttpStatusCode.OK);
        (await SendAsync(_own, HttpMethod.Get, $"/v1/files/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task A_batch_is_billed_once_when_it_is_over_and_its_output_is_its_owners()
    {
        var file = await UploadAsync(_own, "batch");
        (await SendAsync(_stranger, HttpMethod.Post, "/v1/batches", Batch(file))).Status.Should().Be(HttpStatusCode.BadRequest);
        var (status, batch) = await SendAsync(_own, HttpMethod.Post, "/v1/batches", Batch(file));
        status.Should().Be(HttpStatusCode.OK);
        var id = batch["id"]!.GetValue<string>();
        _keeper.Change(id, new JsonObject
        {
            ["object"] = "batch",
            ["status"] = "completed",
            ["model"] = "gpt-upstream",
            ["output_file_id"] = $"file-out-{id}",
            ["usage"] = new JsonObject { ["input_tokens"] = 10, ["output_tokens"] = 5 },
        });
        (await SendAsync(_own, HttpMethod.Get, $"/v1/files/file-out-{id}/content")).Status.Should().Be(HttpStatusCode.NotFound, "nobody has been told of it");

        for (var i = 0; i < 2; i++) (await SendAsync(_own, HttpMethod.Get, $"/v1/batches/{id}")).Status.Should().Be(HttpStatusCode.OK);

        (await CostsAsync("abatches")).Should().ContainSingle().Which.Should().Be(3_000_000_000_000);
        using var output = await _own.GetAsync($"/v1/files/file-out-{id}/content");
        output.StatusCode.Should().Be(HttpStatusCode.OK);
        (await SendAsync(_stranger, HttpMethod.Get, $"/v1/files/file-out-{id}/content")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Runs_are_billed_once_streamed_or_not()
    {
        var (_, thread) = await SendAsync(_own, HttpMethod.Post, "/v1/threads", "{}");
        var id = thread["id"]!.GetValue<string>();
        (await SendAsync(_stranger, HttpMethod.Get, $"/v1/threads/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        var (_, assistant) = await SendAsync(_own, HttpMethod.Post, "/v1/assistants", """{"model":"gpt","name":"a"}""");
        _one.Calls.Last().Json["model"]!.GetValue<string>().Should().Be("gpt-upstream");

        using var streamed = await _own.PostAsync($"/v1/threads/{id}/runs", Json($$"""{"assistant_id":"{{assistant["id"]}}","stream":true}"""));
        var events = await streamed.Content.ReadAsStringAsync();
        events.Should().EndWith("data: [DONE]\n\n");
        var run = events[(events.IndexOf("\"id\":\"", StringComparison.Ordinal) + 6)..];
        run = run[..run.IndexOf('"')];
        (await SendAsync(_own, HttpMethod.Get, $"/v1/threads/{id}/runs/{run}")).Status.Should().Be(HttpStatusCode.OK);
        (await CostsAsync("athreads")).Should().Equal(6_000_000_000_000);

        for (var i = 0; i < 2; i++) await SendAsync(_own, HttpMethod.Get, $"/v1/threads/{id}/runs/run_polled");
        (await CostsAsync("athreads")).Should().Equal(6_000_000_000_000, 6_000_000_000_000);
    }

    [Test]
    public async Task A_key_makes_things_only_with_models_that_it_may_use()
    {
        using var narrow = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("other") }));

        (await SendAsync(narrow, HttpMethod.Post, "/v1/assistants", """{"model":"gpt"}""")).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await SendAsync(narrow, HttpMethod.Post, "/v1/assistants", """{"name":"at the other"}""")).Status.Should().Be(HttpStatusCode.OK);

        (_one.Calls.Count, _two.Calls.Count).Should().Be((0, 1));
    }

    [Test]
    public async Task A_key_without_budget_makes_and_reads_nothing()
    {
        using var poor = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["max_budget"] = 0 }));

        var (status, body) = await SendAsync(poor, HttpMethod.Get, "/v1/files");

        (status, body["error"]!["type"]!.GetValue<string>(), _one.Calls.Count).Should().Be((HttpStatusCode.BadRequest, "budget_exceeded", 0));
    }

    private static string Batch(string file) => $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""";

    private async Task<IReadOnlyList<long>> CostsAsync(string callType) => await _gateway.QueryAsync<long>($"select cost from spend_log where call_type = '{callType}' and cost > 0 order by call_id");

    private async Task<string> RespondAsync(bool isStreamed = false)
    {
        using var response = await _own.PostAsync("/v1/responses", Json(isStreamed ? Asked.Replace("}", ",\"stream\":true}") : Asked));
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(HttpStatusCode.OK, text);
        var id = text[text.IndexOf("resp_", StringComparison.Ordinal)..];
        return id[..id.IndexOf('"')];
    }

    private static async Task<string> UploadAsync(HttpClient client, string purpose)
    {
        using var file = new ByteArrayContent("line of a file"u8.ToArray());
        using var form = new MultipartFormDataContent { { new StringContent(purpose), "purpose" }, { file, "file", "in.jsonl" } };
        using var response = await client.PostAsync("/v1/files", form);
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!["id"]!.GetValue<string>();
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));

    private static async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(HttpClient client, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : Json(body) };
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, JsonNode.Parse(text)!.AsObject());
    }
}
