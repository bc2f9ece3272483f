using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Management.Keys;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary><c>GET /metrics</c>, and what answers say of the time that they took.</summary>
internal sealed partial class MetricsTests : GatewayFixture
{
    private const string Prompt = "canary-prompt-8c1d";

    protected override JsonObject Sections => new() { ["Metrics"] = new JsonObject { ["MaxSeries"] = 8 }, ["Routing"] = new JsonObject { ["Retries"] = 0 } };

    [Test]
    public async Task Calls_are_counted_under_the_names_and_labels_that_dashboards_ask_for()
    {
        var team = await Gateway.CreateTeamAsync(new JsonObject { ["team_alias"] = "search \"one\"", ["max_budget"] = 50 });
        var key = await Gateway.CreateKeyAsync(new JsonObject { ["team_id"] = team, ["key_alias"] = "ci", ["user_id"] = "u-1", ["max_budget"] = 10, ["budget_duration"] = "30d" });
        using var client = Gateway.With(key);
        await CallAsync(client, HttpStatusCode.OK);
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("no"), status: 500);
        await CallAsync(client, HttpStatusCode.InternalServerError);

        var text = await ReadAsync();
        var samples = Parse(text);

        var who = new Dictionary<string, string>
        {
            ["hashed_api_key"] = KeyHash.Of(key).ToString(),
            ["api_key_alias"] = "ci",
            ["team"] = team,
            ["team_alias"] = "search \\\"one\\\"",
            ["user"] = "u-1",
            ["requested_model"] = Model,
        };
        Value(samples, "litellm_proxy_total_requests_metric_total", who, ("status_code", "200"), ("route", "/chat/completions")).Should().Be(1);
        Value(samples, "litellm_proxy_failed_requests_metric_total", who, ("exception_status", "500")).Should().Be(1);
        Value(samples, "litellm_spend_metric_total", who, ("model", Model)).Should().BePositive();
        Value(samples, "litellm_input_tokens_metric_total", who).Should().BePositive();
        Value(samples, "litellm_request_total_latency_metric_count", who).Should().Be(2);
        Value(samples, "litellm_overhead_latency_metric_bucket", who, ("le", "+Inf")).Should().Be(2);
        Value(samples, "litellm_remaining_api_key_budget_metric", [], ("api_key_alias", "ci")).Should().BeInRange(9, 10);
        Value(samples, "litellm_remaining_team_budget_metric", [], ("team", team)).Should().BeInRange(49, 50);
        Value(samples, "litellm_api_key_budget_remaining_hours_metric", [], ("api_key_alias", "ci")).Should().BePositive();
        Value(samples, "litellm_deployment_total_requests_total", [], ("model_id", $"{Model}/first"), ("api_provider", "openai")).Should().Be(2);
        Value(samples, "litellm_deployment_failure_responses_total", [], ("exception_status", "500")).Should().Be(1);
        Value(samples, "litellm_deployment_state", [], ("model_id", $"{Model}/first")).Should().Be(1);
        Value(samples, "litellm_in_flight_requests", []).Should().Be(0);
        Value(samples, "proxy_commit_duration_seconds_count", []).Should().BePositive();
        Value(samples, "proxy_ledger_writable", []).Should().Be(1);
        foreach (var canary in (string[])[Prompt, key, Gateway.AdminKey, TestClusters.FakeProviderKey]) text.Should().NotContain(canary);
    }

    [Test]
    public async Task No_flood_of_keys_models_or_customers_makes_more_series_than_there_is_room_for()
    {
        for (var i = 0; i < 12; i++)
        {
            using var client = Gateway.With(await Gateway.CreateKeyAsync());
            await CallAsync(client, HttpStatusCode.OK);
            await CallAsync(client, HttpStatusCode.BadRequest, model: $"made-up-{i}");
        }

        var text = await ReadAsync();
        var calls = Parse(text).Where(sample => sample.Name == "litellm_requests_metric_total").ToList();

        calls.Should().HaveCount(9);
        calls.Sum(sample => sample.Value).Should().Be(24);
        calls.Should().ContainSingle(sample => sample.Labels["hashed_api_key"] == "other");
        text.Should().NotContain("made-up");
    }

    [Test]
    public async Task A_spread_in_which_nothing_was_observed_is_left_out()
    {
        const string FirstToken = "litellm_llm_api_time_to_first_token_metric_count";
        await CallAsync(Client, HttpStatusCode.OK);
        var before = Parse(await ReadAsync());
        Provider.Answer = Stream;
        await CallAsync(Client, HttpStatusCode.OK, isStream: true);
        var after = Parse(await ReadAsync());

        before.Should().NotContain(sample => sample.Name == FirstToken).And.Contain(sample => sample.Name == "litellm_llm_api_latency_metric_count");
        Value(after, FirstToken, []).Should().Be(1);
    }

    [Test]
    public async Task Every_line_is_one_that_Prometheus_reads_and_no_series_stands_twice()
    {
        await CallAsync(Client, HttpStatusCode.OK);

        var text = await ReadAsync();

        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            (line.StartsWith("# HELP ", StringComparison.Ordinal) || line.StartsWith("# TYPE ", StringComparison.Ordinal) || Sample().IsMatch(line)).Should().BeTrue(line);
        text.Split('\n').Where(line => line.Length > 0).Select(line => line[..line.LastIndexOf(' ')]).Should().OnlyHaveUniqueItems();
    }

    [Test]
    public async Task Metrics_are_for_admins_unless_the_operator_made_them_public()
    {
        using var nobody = Gateway.With(key: null);
        using var unnamed = await nobody.GetAsync(new Uri("/metrics", UriKind.Relative));
        using var user = await Client.GetAsync(new Uri("/metrics", UriKind.Relative));
        (unnamed.StatusCode, user.StatusCode).Should().Be((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized));

        await using var open = await TestGateway.StartAsync(sections: new JsonObject { ["Metrics"] = new JsonObject { ["Public"] = true } });
        using var anybody = open.With(key: null);
        using var answer = await anybody.GetAsync(new Uri("/metrics", UriKind.Relative));
        (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()).Should().Be((HttpStatusCode.OK, "text/plain; version=0.0.4; charset=utf-8"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task An_answer_says_how_long_it_took_and_how_long_of_that_the_gateway(bool isStream)
    {
        Provider.Answer = (context, _) => isStream ? FakeProvider.Stream(context, OpenAiBodies.Stream("Hello")) : FakeProvider.Json(context, OpenAiBodies.Chat("Hello"));
        using var content = Body(Model, isStream);
        using var response = await Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content);

        var (whole, overhead) = (Milliseconds(response, "x-litellm-response-duration-ms"), Milliseconds(response, "x-litellm-overhead-duration-ms"));
        overhead.Should().BePositive().And.BeLessThanOrEqualTo(whole);
    }

    [Test]
    public async Task The_dashboard_asks_for_nothing_that_is_not_there()
    {
        Provider.Answer = Stream;
        await CallAsync(Client, HttpStatusCode.OK, isStream: true);
        var names = Parse(await ReadAsync()).Select(sample => sample.Name).ToHashSet();
        var families = Families().Matches(await ReadAsync()).Select(match => match.Groups["name"].Value).ToHashSet();

        var dashboard = await File.ReadAllTextAsync(Path.Combine(Docs(), "grafana.json"));
        var asked = Metrics().Matches(dashboard).Select(match => match.Value).Distinct().ToList();

        JsonNode.Parse(dashboard)!["panels"]!.AsArray().Should().NotBeEmpty();
        asked.Should().HaveCountGreaterThan(15);
        asked.Where(name => !names.Contains(name) && !families.Contains(name)).Should().BeEmpty();
    }

    private static double Milliseconds(HttpResponseMessage response, string header) => double.Parse(response.Headers.GetValues(header).Single(), CultureInfo.InvariantCulture);

    private static string Docs()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Proxy.sln"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, "docs");
    }

    private async Task<string> ReadAsync() => await Gateway.Admin.GetStringAsync("/metrics");

    private static Task Stream(HttpContext context, ProviderCall call) => FakeProvider.Stream(context, OpenAiBodies.Stream("Hello"));

    private static async Task CallAsync(HttpClient client, HttpStatusCode expected, string model = Model, bool isStream = false)
    {
        using var content = Body(model, isStream);
        using var response = await client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content);
        await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(expected);
    }

    private static StringContent Body(string model, bool isStream = false) => new(new JsonObject
    {
        ["model"] = model,
        ["stream"] = isStream,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Prompt }),
    }.ToJsonString());

    private static double Value(IEnumerable<MetricSample> samples, string name, Dictionary<string, string> labels, params (string Name, string Value)[] more) => samples
        .Where(sample => sample.Name == name)
        .Where(sample => labels.All(label => sample.Labels.GetValueOrDefault(label.Key) == label.Value) && more.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value))
        .Select(sample => sample.Value).Should().NotBeEmpty("{0} must be there", name).And.Subject.Sum();

    private static List<MetricSample> Parse(string text) => [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => Sample().Match(line)).Select(match => new MetricSample(
        match.Groups["name"].Value,
        match.Groups["label"].Captures.Zip(match.Groups["value"].Captures).ToDictionary(pair => pair.First.Value, pair => pair.Second.Value),
        double.Parse(match.Groups["figure"].Value, CultureInfo.InvariantCulture)))];

    private sealed record MetricSample(string Name, Dictionary<string, string> Labels, double Value);

    [GeneratedRegex("""^(?<name>[a-z_]+)(\{((?<label>[a-z_]+)="(?<value>([^"\\\n]|\\["\\n])*)",?)+\})? (?<figure>[-+0-9.eE]+|NaN)$""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sample();

    [GeneratedRegex("# TYPE (?<name>[a-z_]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Families();

    [GeneratedRegex(@"\b(litellm|proxy|completion_log)_[a-z_]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Metrics();
}
