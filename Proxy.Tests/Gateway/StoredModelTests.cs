using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapper;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Models that are made while the program runs.</summary>
[OnEachEngine]
internal sealed class StoredModelTests : GatewayFixture
{
    private const string Secret = "upstream-secret-of-the-database";

    [Test]
    public async Task A_new_model_is_served_with_its_own_credential_and_price_on_the_next_call()
    {
        var made = await CreateAsync("fresh", new JsonObject { ["input_cost_per_token"] = 1, ["output_cost_per_token"] = 0 });
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hi", prompt: 2, completion: 0));

        (await CallAsync("fresh")).Should().Be(HttpStatusCode.OK);

        made.ToJsonString().Should().NotContain(Secret).And.Contain("\"api_key\":\"***\"");
        var call = Provider.Calls.Single();
        call.Headers["Authorization"].Should().Be($"Bearer {Secret}");
        JsonNode.Parse(call.Body)!["model"]!.GetValue<string>().Should().Be("gpt-4o");
        (await Gateway.LedgerAsync()).Single().Cost.Should().Be(2_000_000_000_000);
        (await Client.GetStringAsync("/v1/models")).Should().Contain("\"fresh\"");
    }

    [Test]
    public async Task A_model_with_LiteLLMs_mark_is_asked_for_responses_alone()
    {
        await CreateAsync("thinker", new JsonObject { ["model"] = "openai/responses/gpt-5-pro" });
        Provider.Answer = (context, _) => FakeProvider.Json(context, ResponseBodies.Response("Hello"));

        using var answer = await Client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"thinker","messages":[{"role":"user","content":"Hi"}]}"""));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (Provider.Calls.Single().Path, Provider.Calls.Single().Json["model"]!.GetValue<string>()).Should().Be(("/v1/responses", "gpt-5-pro"));
    }

    [Test]
    public async Task It_survives_a_restart_and_no_row_or_line_holds_its_secret()
    {
        await CreateAsync("fresh");
        (await Gateway.QueryAsync<string>("select params || info || model_name from model")).Single().Should().NotContain(Secret).And.NotContain("gpt-4o");
        Gateway.Log.Should().NotContain(line => line.Contains(Secret));
        await Gateway.StopAsync();

        var again = await TestGateway.StartAsync(Gateway.Folder);
        using var client = again.With(Key);
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"fresh"}"""));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        Provider.Calls.Single().Headers["Authorization"].Should().Be($"Bearer {Secret}");
        await again.StopAsync();
    }

    [TestCase(0)]
    [TestCase(6)]
    [TestCase(2, 3)]
    [TestCase(0, 3, 4, 6)]
    [TestCase(0, 1, 2, 3, 4, 5, 6)]
    public async Task A_start_serves_all_models_but_those_whose_names_the_file_has_taken_and_names_these(params int[] taken)
    {
        await CreateSevenAsync();
        var clusters = TestClusters.At(Provider.Address, Model);
        foreach (var index in taken)
        {
            var other = TestClusters.Cluster($"{Provider.Address}v1");
            other["Metadata"] = new JsonObject { ["Models"] = $"other-{index}" };
            clusters[$"m{index}"] = other;
        }

        await Gateway.StopAsync();
        Gateway.Folder.WriteConfig(clusters);

        var (served, leftOut) = await RestartAsync(taken.Length);
        served.Should().BeEquivalentTo(Enumerable.Range(0, 7).Except(taken).Select(index => $"id-{index}"));
        leftOut.Should().Equal(taken.Select(index => $"id-{index}"));
    }

    [Test]
    public async Task Of_two_stored_models_that_cannot_be_served_together_the_first_is()
    {
        await CreateSevenAsync();
        await Gateway.StopAsync();
        await using (var connection = await Gateway.Folder.OpenAsync())
            await connection.ExecuteAsync("update model set model_name = 'M2' where model_id in ('id-4', 'id-5')");

        var (served, leftOut) = await RestartAsync(2);
        served.Should().BeEquivalentTo("id-0", "id-1", "id-2", "id-3", "id-6");
        leftOut.Should().Equal("id-4", "id-5");
    }

    [Test]
    public async Task An_update_applies_what_it_states_and_a_deleted_model_is_unknown_on_the_next_call()
    {
        var id = (await CreateAsync("fresh"))["model_id"]!.GetValue<string>();

        var changed = await Gateway.PostAsync("/model/update", new JsonObject
        {
            ["model_info"] = new JsonObject { ["id"] = id },
            ["litellm_params"] = new JsonObject { ["api_key"] = "another-secret", ["input_cost_per_token"] = null },
        });
        await CallAsync("fresh");
        Provider.Calls.Single().Headers["Authorization"].Should().Be("Bearer another-secret");
        changed["litellm_params"]!["model"]!.GetValue<string>().Should().Be("openai/gpt-4o");

        await Gateway.PostAsync("/model/delete", new JsonObject { ["id"] = id });
        (await CallAsync("fresh")).Should().Be(HttpStatusCode.BadRequest);
        (await CallAsync(Model)).Should().Be(HttpStatusCode.OK);
        (await RefusalAsync("/model/delete", new JsonObject { ["id"] = id })).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task A_model_of_the_files_name_is_one_more_deployment_of_it_and_an_edit_of_the_file_keeps_it()
    {
        await CreateAsync(Model);
        (await InfoAsync(Gateway.Admin)).Count(model => model!["model_name"]!.GetValue<string>() == Model).Should().Be(2);

        Gateway.Folder.WriteConfig(TestClusters.At(Provider.Address, "new"));
        await Eventually.BecomesAsync(() => Client.GetStringAsync("/v1/models"), models => models.Contains("\"new\""));

        var left = (await InfoAsync(Gateway.Admin)).Single(model => model!["model_name"]!.GetValue<string>() == Model)!;
        left["model_info"]!["db_model"]!.GetValue<bool>().Should().BeTrue();
        (await CallAsync(Model)).Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task Models_are_shown_to_those_who_may_use_them_and_addresses_to_admins()
    {
        await CreateAsync("fresh");
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("fresh") }));

        var shown = (await InfoAsync(client)).Single()!.AsObject();

        shown["model_name"]!.GetValue<string>().Should().Be("fresh");
        shown.ToJsonString().Should().NotContain(Secret).And.NotContain("127.0.0.1");
        (await InfoAsync(Gateway.Admin)).ToJsonString().Should().NotContain(Secret).And.Contain("127.0.0.1").And.NotContain(FakeProviderKey);
        using var refused = await client.PostAsJsonAsync("/model/new", New("mine"));
        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task A_model_may_be_named_in_the_path_of_its_update()
    {
        var id = (await CreateAsync("fresh"))["model_id"]!.GetValue<string>();

        using var changed = await Gateway.Admin.PatchAsJsonAsync($"/model/{id}/update", new JsonObject { ["litellm_params"] = new JsonObject { ["api_key"] = "another-secret" } });
        using var other = await Gateway.Admin.PatchAsJsonAsync($"/model/{id}/update", new JsonObject { ["model_info"] = new JsonObject { ["id"] = "another" } });
        using var unknown = await Gateway.Admin.PatchAsJsonAsync("/model/nobody/update", new JsonObject { ["model_name"] = "x" });
        await CallAsync("fresh");

        (changed.StatusCode, other.StatusCode, unknown.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.NotFound));
        Provider.Calls.Single().Headers["Authorization"].Should().Be("Bearer another-secret");
    }

    [Test]
    public async Task Deployments_are_found_sorted_and_shown_in_pages()
    {
        await CreateAsync("blue", new JsonObject { ["input_cost_per_token"] = 3 });
        await CreateAsync("bright-blue", new JsonObject { ["input_cost_per_token"] = 20 });

        var first = JsonNode.Parse(await Gateway.Admin.GetStringAsync("/v2/model/info?search=BLUE&sortBy=input_cost_per_token&sortOrder=desc&size=1"))!;
        var second = JsonNode.Parse(await Gateway.Admin.GetStringAsync("/v2/model/info?search=BLUE&sortBy=input_cost_per_token&sortOrder=desc&size=1&page=2"))!;
        using var wrong = await Gateway.Admin.GetAsync("/v2/model/info?size=0");
        using var unsorted = await Gateway.Admin.GetAsync("/v2/model/info?sortBy=api_key");

        Names(first).Concat(Names(second)).Should().Equal("bright-blue", "blue");
        (first["total_count"]!.GetValue<int>(), first["total_pages"]!.GetValue<int>(), second["current_page"]!.GetValue<int>()).Should().Be((2, 2, 2));
        (wrong.StatusCode, unsorted.StatusCode).Should().Be((HttpStatusCode.UnprocessableEntity, HttpStatusCode.BadRequest));

        IEnumerable<string> Names(JsonNode page) => page["data"]!.AsArray().Select(model => model!["model_name"]!.GetValue<string>());
    }

    [Test]
    public async Task Deployments_of_one_name_are_one_group_with_the_dearest_price_and_the_limits_of_all()
    {
        await CreateAsync("pair", new JsonObject { ["input_cost_per_token"] = 1, ["rpm"] = 10, ["tpm"] = 100 });
        await CreateAsync("pair", new JsonObject { ["input_cost_per_token"] = 2, ["rpm"] = 5 });
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("pair") }));

        var groups = JsonNode.Parse(await client.GetStringAsync("/model_group/info"))!["data"]!.AsArray();

        var group = groups.Single()!;
        (group["model_group"]!.GetValue<string>(), group["input_cost_per_token"]!.GetValue<decimal>(), group["rpm"]!.GetValue<decimal>(), group["tpm"])
            .Should().Be(("pair", 2m, 15m, null));
        group["providers"]!.AsArray().Select(provider => provider!.GetValue<string>()).Should().Equal("openai");
        JsonNode.Parse(await client.GetStringAsync("/model_group/info?model_group=other"))!["data"]!.AsArray().Should().BeEmpty();
    }

    [TestCase("""{"litellm_params": {"model": "gpt-4o"}}""", "model_name", 422)]
    [TestCase("""{"model_name": "x"}""", "litellm_params", 422)]
    [TestCase("""{"model_name": "x", "litellm_params": {}}""", "litellm_params", 422)]
    [TestCase("""{"model_name": "a,b", "litellm_params": {"model": "gpt-4o"}}""", "model_name", 400)]
    [TestCase("""{"model_name": "a*b", "litellm_params": {"model": "gpt-4o"}}""", null, 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "api_base": "relative"}}""", null, 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "api_base": "file:///etc/passwd"}}""", "litellm_params", 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "api_base": "http://user:pass@host/"}}""", null, 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "custom_llm_provider": "nobody"}}""", null, 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "api_key": "env:PATH"}}""", "litellm_params", 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "api_key": "file:/etc/hostname"}}""", "litellm_params", 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "api_key": "os.environ/PATH"}}""", "litellm_params", 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "api_key": "***"}}""", "litellm_params", 400)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o", "weight": -1}}""", "litellm_params", 422)]
    [TestCase("""{"model_name": "x", "litellm_params": {"model": "gpt-4o"}, "model_info": {"id": "a/b"}}""", "model_info", 400)]
    public async Task A_broken_model_is_refused_whole_and_nothing_changes(string body, string? field, int status)
    {
        var (answered, text) = await RefusalAsync("/model/new", JsonNode.Parse(body)!.AsObject());

        ((int)answered, JsonNode.Parse(text)!["error"]!["param"]?.GetValue<string>()).Should().Be((status, field), text);
        (await Gateway.QueryAsync<long>("select count(*) from model")).Single().Should().Be(0);
        (await CallAsync(Model)).Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task An_id_is_given_once()
    {
        var model = New("fresh");
        model["model_info"] = new JsonObject { ["id"] = "m-1", ["team"] = "search" };
        await Gateway.PostAsync("/model/new", model);

        (await RefusalAsync("/model/new", model)).Status.Should().Be(HttpStatusCode.Conflict);
        (await InfoAsync(Gateway.Admin, "?litellm_model_id=m-1")).Single()!["model_info"]!["team"]!.GetValue<string>().Should().Be("search");
    }

    [Test]
    public async Task The_cost_of_a_prompt_or_an_answer_is_told_by_the_prices_that_calls_are_billed_by()
    {
        await CreateAsync("fresh", new JsonObject { ["input_cost_per_token"] = 0.5m, ["output_cost_per_token"] = 2 });

        (await CostAsync("""{"completion_response": {"model": "fresh", "usage": {"prompt_tokens": 4, "completion_tokens": 3}}}""")).Should().Be(8m);
        (await CostAsync("""{"model": "fresh", "messages": [{"role": "user", "content": "12345678"}]}""")).Should().BeInRange(1m, 5m);

        (await RefusalAsync("/spend/calculate", new JsonObject { ["model"] = "nobody-knows", ["messages"] = new JsonArray() })).Status.Should().Be(HttpStatusCode.BadRequest);
        (await RefusalAsync("/spend/calculate", new JsonObject { ["model"] = "fresh" })).Text.Should().Contain("\"param\":\"messages\"");
        (await RefusalAsync("/spend/calculate", JsonNode.Parse("""{"completion_response": {"model": "fresh", "usage": {"prompt_tokens": -1}}}""")!.AsObject()))
            .Text.Should().Contain("\"param\":\"completion_response\"");
        using var stranger = Gateway.With(await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("another") }));
        using var refused = await stranger.PostAsJsonAsync("/spend/calculate", new JsonObject { ["model"] = "fresh", ["messages"] = new JsonArray() });
        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task The_tokens_of_a_prompt_are_counted_as_budgets_are_held_for_them()
    {
        var little = await CountAsync("""{"model": "MODEL", "messages": [{"role": "user", "content": "Hi"}]}""");
        var much = await CountAsync("""{"model": "MODEL", "prompt": "A sentence which is so much longer that it must have more tokens than the other."}""");

        (little["request_model"]!.GetValue<string>(), little["tokenizer_type"]!.GetValue<string>()).Should().Be((Model, "estimate"));
        much["total_tokens"]!.GetValue<long>().Should().BeGreaterThan(little["total_tokens"]!.GetValue<long>()).And.BeInRange(10, 40);
        (await RefusalAsync("/utils/token_counter", new JsonObject { ["model"] = Model })).Text.Should().Contain("\"param\":\"messages\"");

        Task<JsonObject> CountAsync(string body) => Gateway.PostAsync("/utils/token_counter", JsonNode.Parse(body.Replace("MODEL", Model))!.AsObject());
    }

    [Test]
    public async Task The_routes_are_listed_for_anybody()
    {
        using var client = Gateway.With(key: null);

        var routes = JsonNode.Parse(await client.GetStringAsync("/routes"))!["routes"]!.AsArray();

        routes.Select(route => $"{route!["path"]} {string.Join(',', route["methods"]!.AsArray())}").Should().Contain(["/key/generate POST", "/model/info GET", "/v1/models GET"]);
    }

    private async Task CreateSevenAsync()
    {
        for (var index = 0; index < 7; index++)
        {
            var model = New($"m{index}");
            model["model_info"] = new JsonObject { ["id"] = $"id-{index}" };
            await Gateway.PostAsync("/model/new", model);
        }
    }

    /// <returns>The models of the database that are served after another start, and those that its log says are not.</returns>
    private async Task<(IReadOnlyList<string> Served, IReadOnlyList<string> LeftOut)> RestartAsync(int leftOut)
    {
        await using var again = await GatewayProcess.StartAsync(Gateway.Folder);
        using var admin = again.With(Gateway.AdminKey);
        var served = (await InfoAsync(admin)).Select(model => model!["model_info"]!).Where(info => info["db_model"]!.GetValue<bool>()).Select(info => info["id"]!.GetValue<string>());
        var lines = await Eventually.BecomesAsync(
            () => Task.FromResult(again.Output.Split('\n').Where(line => line.Contains("of the database is not served")).ToList()), lines => lines.Count >= leftOut);
        return ([.. served], [.. lines.Select(line => JsonNode.Parse(line)!["State"]!["Id"]!.GetValue<string>())]);
    }

    private async Task<decimal> CostAsync(string body) =>
        (await Gateway.PostAsync("/spend/calculate", JsonNode.Parse(body)!.AsObject()))["cost"]!.GetValue<decimal>();

    private static string FakeProviderKey => TestClusters.FakeProviderKey;

    private JsonObject New(string name) => new()
    {
        ["model_name"] = name,
        ["litellm_params"] = new JsonObject { ["model"] = "openai/gpt-4o", ["api_base"] = $"{Provider.Address}v1", ["api_key"] = Secret },
    };

    private Task<JsonObject> CreateAsync(string name, JsonObject? parameters = null)
    {
        var model = New(name);
        foreach (var (key, value) in parameters ?? []) model["litellm_params"]![key] = value?.DeepClone();
        return Gateway.PostAsync("/model/new", model);
    }

    private static async Task<JsonArray> InfoAsync(HttpClient client, string query = "") =>
        JsonNode.Parse(await client.GetStringAsync("/model/info" + query))!["data"]!.AsArray();

    private async Task<(HttpStatusCode Status, string Text)> RefusalAsync(string path, JsonObject body)
    {
        using var answer = await Gateway.Admin.PostAsJsonAsync(path, body);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<HttpStatusCode> CallAsync(string model)
    {
        using var response = await Client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{model}}"}"""));
        return response.StatusCode;
    }
}
