using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What calls cost, through the whole program: figures of the configuration on what the provider says was used.</summary>
internal sealed class PricingTests : GatewayFixture
{
    private const string Body = """{"model":"gpt-4o-mini","messages":[]}""";
    private const string Mapped = "text-embedding-3-small";

    private readonly string _map = Path.GetTempFileName();

    protected override JsonObject Sections => new()
    {
        ["PriceMap"] = WriteMap(),
        ["Prices"] = new JsonObject
        {
            [$"{Model}/first"] = new JsonObject
            {
                ["InputCostPerToken"] = 0.001,
                ["OutputCostPerToken"] = 0.002,
                ["AudioInputCostPerToken"] = 0.01,
                ["AudioOutputCostPerToken"] = 0.02,
                ["InputCostPerTokenPriority"] = 0.5,
                ["OutputCostPerTokenPriority"] = 0.25,
            },
        },
    };

    [TearDown]
    public void DeleteMap() => File.Delete(_map);

    [Test]
    public async Task A_deployments_own_price_goes_before_that_of_its_model()
    {
        (await CostOfAsync(Body, OpenAiBodies.Chat("Hello!", prompt: 10, completion: 3))).Should().Be(0.016m);
    }

    [Test]
    public async Task A_price_map_goes_before_the_shipped_prices()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Embedding(1));
        await using var gateway = await TestGateway.StartAsync(TestClusters.At(Provider.Address, Mapped), new() { ["PriceMap"] = WriteMap() });
        using var client = gateway.With(await gateway.CreateKeyAsync());

        using var response = await client.PostAsync("/v1/embeddings", new StringContent($$"""{"model":"{{Mapped}}","input":"x"}"""));

        (await gateway.LedgerAsync()).Single().Cost.Should().Be(2_000_000_000_000);
    }

    [Test]
    public async Task Spoken_tokens_have_prices_of_their_own()
    {
        var answer = OpenAiBodies.Chat("Hello!", prompt: 10, completion: 3)
            .Replace("\"cached_tokens\": 0, \"audio_tokens\": 0", "\"cached_tokens\": 0, \"audio_tokens\": 4")
            .Replace("\"reasoning_tokens\": 0, \"audio_tokens\": 0", "\"reasoning_tokens\": 0, \"audio_tokens\": 2");

        (await CostOfAsync(Body, answer)).Should().Be((6 * 0.001m) + (4 * 0.01m) + 0.002m + (2 * 0.02m));
    }

    [TestCase("priority", "default", "0.016")]
    [TestCase("auto", "priority", "5.75")]
    [TestCase("priority", "priority", "5.75")]
    public async Task The_tier_that_the_provider_gave_is_billed_and_not_the_one_that_was_asked_for(string asked, string given, string dollars)
    {
        var answer = OpenAiBodies.Chat("Hello!", prompt: 10, completion: 3).Replace("\"service_tier\": \"default\"", $"\"service_tier\": \"{given}\"");

        var cost = await CostOfAsync($$"""{"model":"gpt-4o-mini","messages":[],"service_tier":"{{asked}}"}""", answer);

        cost.Should().Be(decimal.Parse(dollars, System.Globalization.CultureInfo.InvariantCulture));
    }

    [TestCase("""{"model":"PICTURE","prompt":"A cat"}""", """{"created":1,"data":[{"url":"x"}]}""", "0.0399999238144")]
    [TestCase("""{"model":"PICTURE","prompt":"A cat","n":3,"size":"1024x1792","quality":"hd"}""", """{"created":1,"data":[{"url":"x"},{"url":"y"}]}""", "0.23998234624")]
    [TestCase("""{"model":"PICTURE","prompt":"A cat","size":"1024x1024","quality":"auto"}""", """{"created":1,"data":[{"url":"x"}],"quality":"hd","usage":{"input_tokens":5,"output_tokens":100,"total_tokens":105}}""", "0.07999586304")]
    public async Task A_picture_costs_by_its_size_and_quality_also_where_no_usage_is_told(string body, string answer, string dollars)
    {
        var row = await BillAsync("dall-e-3", "/v1/images/generations", body.Replace("PICTURE", "dall-e-3"), answer);

        (row.Cost / 1_000_000_000_000m, row.IsEstimated, row.IsUnpriced).Should().Be((Picos(dollars), false, false));
    }

    [TestCase("gpt-image-1-mini", "/v1/images/generations", """{"prompt":"A cat","quality":"high","size":"1024x1024"}""", """{"data":[{"b64_json":"x"}],"usage":{"input_tokens":15,"output_tokens":100,"input_tokens_details":{"text_tokens":10,"image_tokens":5}}}""", "0.0008325")]
    [TestCase("rerank-v3.5", "/v1/rerank", """{"query":"x","documents":["a","b"]}""", """{"results":[],"meta":{"billed_units":{"search_units":2}}}""", "0.004")]
    [TestCase("rerank-v3.5", "/v1/rerank", """{"query":"x","documents":["a","b"]}""", """{"results":[]}""", "0.002")]
    [TestCase("text-embedding-3-small", "/v1/embeddings", """{"input":["x","y"]}""", """{"data":[{"embedding":[1]},{"embedding":[2]}],"usage":{"prompt_tokens":1000,"total_tokens":1000}}""", "0.00002")]
    [TestCase("deepseek/deepseek-reasoner", "/v1/chat/completions", """{"messages":[]}""", """{"choices":[{"message":{}}],"usage":{"prompt_tokens":1000,"prompt_cache_hit_tokens":600,"prompt_cache_miss_tokens":400,"completion_tokens":100}}""", "0.000523")]
    [TestCase("omni-moderation-latest", "/v1/moderations", """{"input":"Hello"}""", """{"results":[{"flagged":false}]}""", "0")]
    [TestCase("text-bison", "/v1/chat/completions", """{"messages":[{"role":"user","content":"four"},{"role":"user","content":[{"type":"text","text":"déjà"}]}]}""", """{"choices":[{"message":{}}],"usage":{"prompt_tokens":9,"completion_tokens":9}}""", "0.000003")]
    public async Task Each_unit_is_billed_as_the_model_is_paid_for(string model, string path, string body, string answer, string dollars)
    {
        var row = await BillAsync(model, path, $$"""{"model":"{{model}}",{{body[1..]}}""", answer);

        (row.Cost / 1_000_000_000_000m, row.IsUnpriced).Should().Be((Picos(dollars), false));
    }

    [Test]
    public async Task A_model_that_is_hired_by_time_costs_by_the_seconds_of_its_answer()
    {
        var row = await BillAsync("bedrock/us-east-1/6-month-commitment/anthropic.claude-v2:1", "/v1/chat/completions", """{"model":"bedrock/us-east-1/6-month-commitment/anthropic.claude-v2:1","messages":[]}""", OpenAiBodies.Chat("Hello!"));

        // 0.00972 dollars a second, and the answer took less than a minute.
        row.Cost.Should().BeInRange(1, 583_200_000_000);
    }

    [Test]
    public async Task A_price_for_each_call_is_billed_without_any_token()
    {
        var row = await BillAsync("flat", "/v1/chat/completions", """{"model":"flat","messages":[]}""", """{"choices":[]}""", new JsonObject { ["flat"] = new JsonObject { ["CostPerRequest"] = 0.25 } });

        (row.Cost, row.Tokens).Should().Be((250_000_000_000, 1));
    }

    [Test]
    public async Task A_model_without_a_price_is_marked_and_counted_and_not_taken_for_free()
    {
        var counted = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, meters) =>
        {
            if (instrument.Name == "proxy.unpriced") meters.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, amount, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Value is "nobody-knows-its-price") Interlocked.Add(ref counted, amount);
            }
        });
        listener.Start();

        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!").Replace(OpenAiBodies.Model, "nobody-knows-its-price"));
        await using var gateway = await TestGateway.StartAsync(TestClusters.At(Provider.Address, "nobody-knows-its-price"));
        using var client = gateway.With(await gateway.CreateKeyAsync());
        using var response = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"nobody-knows-its-price","messages":[]}"""));

        var row = (await gateway.LedgerAsync()).Single();
        (row.IsUnpriced, row.Cost, Interlocked.Read(ref counted)).Should().Be((true, 0, 1));
    }

    private static decimal Picos(string dollars) => decimal.Truncate(decimal.Parse(dollars, System.Globalization.CultureInfo.InvariantCulture) * 1_000_000_000_000m) / 1_000_000_000_000m;

    private async Task<LedgerRow> BillAsync(string model, string path, string body, string answer, JsonObject? prices = null)
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, answer);
        var cluster = TestClusters.Cluster($"{Provider.Address}v1");
        cluster["Metadata"] = new JsonObject { ["Models"] = model };
        await using var gateway = await TestGateway.StartAsync(new JsonObject { ["only"] = cluster }, prices is null ? null : new() { ["Prices"] = prices });
        using var client = gateway.With(await gateway.CreateKeyAsync());

        using var response = await client.PostAsync(path, new StringContent(body));

        response.EnsureSuccessStatusCode();
        return (await gateway.LedgerAsync()).Single();
    }

    private string WriteMap()
    {
        File.WriteAllText(_map, new JsonObject { [Model] = Price(900), [Mapped] = Price(0.25) }.ToJsonString());
        return _map;
    }

    private static JsonObject Price(double input) => new() { ["input_cost_per_token"] = input, ["output_cost_per_token"] = 0, ["mode"] = "chat" };

    private async Task<decimal> CostOfAsync(string body, string answer)
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, answer);
        using var response = await Client.PostAsync("/v1/chat/completions", new StringContent(body));
        return (await Gateway.LedgerAsync()).Single().Cost / 1_000_000_000_000m;
    }
}
