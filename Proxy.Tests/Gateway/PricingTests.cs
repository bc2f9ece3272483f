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
