using System.Globalization;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

namespace Proxy.Tests.Management;

[TestFixture]
internal sealed class PriceTests
{
    /// <summary>Tokens: input, cached, written, written for an hour, spoken; output, reasoning, spoken. The dollars are worked out by hand.</summary>
    [TestCase("gpt-4o", ServiceTier.Standard, 1000, 0, 0, 0, 0, 500, 0, 0, "0.0075")]
    [TestCase("gpt-4o", ServiceTier.Standard, 0, 1000, 0, 0, 0, 0, 0, 0, "0.00125")]
    [TestCase("gpt-4o", ServiceTier.Standard, 7, 13, 0, 0, 0, 1, 2, 0, "0.00006375")]
    [TestCase("gpt-4o", ServiceTier.Batch, 1000, 0, 0, 0, 0, 500, 0, 0, "0.00375")]
    [TestCase("gpt-4o", ServiceTier.Batch, 0, 1000, 0, 0, 0, 0, 0, 0, "0.00125")]
    [TestCase("gpt-4o", ServiceTier.Priority, 1000, 100, 0, 0, 0, 500, 0, 0, "0.0129625")]
    [TestCase("gpt-4o", ServiceTier.Flex, 1000, 0, 0, 0, 0, 500, 0, 0, "0.0075")]
    [TestCase("gpt-4o-mini", ServiceTier.Standard, 1, 0, 0, 0, 0, 1, 0, 0, "0.00000075")]
    [TestCase("gpt-4o-mini", ServiceTier.Standard, 1000000, 0, 0, 0, 0, 1000000, 0, 0, "0.75")]
    [TestCase("gpt-5", ServiceTier.Standard, 1000, 2000, 0, 0, 0, 100, 900, 0, "0.0115")]
    [TestCase("gpt-5", ServiceTier.Flex, 1000, 2000, 0, 0, 0, 100, 900, 0, "0.00575")]
    [TestCase("gpt-5", ServiceTier.Priority, 1000, 2000, 0, 0, 0, 100, 900, 0, "0.023")]
    [TestCase("o1", ServiceTier.Standard, 100, 0, 0, 0, 0, 10, 90, 0, "0.0075")]
    [TestCase("o1", ServiceTier.Standard, 0, 100, 0, 0, 0, 0, 1, 0, "0.00081")]
    [TestCase("gpt-4o-audio-preview", ServiceTier.Standard, 10, 0, 0, 0, 100, 20, 0, 50, "0.020225")]
    [TestCase("claude-sonnet-4-5", ServiceTier.Standard, 1000, 0, 0, 0, 0, 100, 0, 0, "0.0045")]
    [TestCase("claude-sonnet-4-5", ServiceTier.Standard, 10, 1000, 100, 0, 0, 100, 0, 0, "0.002205")]
    [TestCase("claude-sonnet-4-5", ServiceTier.Standard, 200000, 0, 0, 0, 0, 1, 0, 0, "0.600015")]
    [TestCase("claude-sonnet-4-5", ServiceTier.Standard, 200001, 0, 0, 0, 0, 1, 0, 0, "1.2000285")]
    [TestCase("claude-sonnet-4-5", ServiceTier.Standard, 1, 200000, 0, 0, 0, 1000, 0, 0, "0.142506")]
    [TestCase("claude-sonnet-4-5", ServiceTier.Standard, 1, 100000, 100000, 0, 0, 1000, 0, 0, "0.832506")]
    [TestCase("claude-sonnet-4-5", ServiceTier.Standard, 0, 0, 0, 100, 0, 0, 0, 0, "0.000375")]
    [TestCase("claude-opus-4-5", ServiceTier.Standard, 100, 200, 300, 400, 0, 500, 0, 0, "0.018975")]
    [TestCase("claude-opus-4-5", ServiceTier.Priority, 100, 0, 0, 0, 0, 10, 0, 0, "0.00075")]
    [TestCase("gemini-2.5-pro", ServiceTier.Standard, 200000, 0, 0, 0, 0, 100, 100, 0, "0.252")]
    [TestCase("gemini-2.5-pro", ServiceTier.Standard, 200001, 0, 0, 0, 0, 100, 100, 0, "0.5030025")]
    [TestCase("gemini-2.5-pro", ServiceTier.Standard, 200000, 1, 0, 0, 0, 0, 0, 0, "0.500000125")]
    [TestCase("gemini-2.5-flash", ServiceTier.Standard, 1000, 100, 0, 0, 50, 10, 20, 0, "0.000428")]
    [TestCase("gemini-1.5-pro", ServiceTier.Standard, 128000, 0, 0, 0, 0, 10, 0, 0, "0.16005")]
    [TestCase("gemini-1.5-pro", ServiceTier.Standard, 128001, 0, 0, 0, 0, 10, 0, 0, "0.3201025")]
    [TestCase("dashscope/qwen-flash", ServiceTier.Standard, 256000, 0, 0, 0, 0, 100, 0, 0, "0.01284")]
    [TestCase("dashscope/qwen-flash", ServiceTier.Standard, 256001, 0, 0, 0, 0, 100, 0, 0, "0.06420025")]
    [TestCase("deepseek/deepseek-chat", ServiceTier.Standard, 1000, 9000, 0, 0, 0, 100, 0, 0, "0.00101")]
    [TestCase("deepseek-chat", ServiceTier.Standard, 0, 0, 1000, 0, 0, 0, 0, 0, "0.0006")]
    [TestCase("mistral/mistral-large-latest", ServiceTier.Standard, 1000, 0, 0, 0, 0, 1000, 0, 0, "0.008")]
    [TestCase("mistral-large-latest", ServiceTier.Standard, 1000, 0, 0, 0, 0, 1000, 0, 0, "0.008")]
    [TestCase("azure/gpt-4o", ServiceTier.Standard, 1000, 1000, 0, 0, 0, 1000, 0, 0, "0.01375")]
    [TestCase("text-embedding-3-small", ServiceTier.Standard, 1000, 0, 0, 0, 0, 0, 0, 0, "0.00002")]
    [TestCase("text-embedding-3-small", ServiceTier.Batch, 1000, 0, 0, 0, 0, 0, 0, 0, "0.00001")]
    [TestCase("text-embedding-3-large", ServiceTier.Standard, 3, 0, 0, 0, 0, 0, 0, 0, "0.00000039")]
    [TestCase("demo", ServiceTier.Standard, 10, 0, 0, 0, 0, 10, 0, 0, "0.000003")]
    [TestCase("demo", ServiceTier.Standard, 1, 0, 0, 0, 0, 0, 0, 0, "0.0000001")]
    [TestCase("gpt-4o", ServiceTier.Standard, 0, 0, 0, 0, 0, 0, 0, 0, "0")]
    public void A_call_costs_what_the_price_page_says(
        string model, ServiceTier tier, long input, long cached, long write, long writeHour, long audioIn, long output, long reasoning, long audioOut, string dollars)
    {
        var usage = new TokenUsage(input, cached, write, output, reasoning) { CacheWriteHour = writeHour, AudioInput = audioIn, AudioOutput = audioOut };

        var (inputCost, outputCost) = PriceTable.Shipped.FindPrice(model)!.CostOf(usage, tier);

        (inputCost + outputCost).Should().Be(decimal.Parse(dollars, CultureInfo.InvariantCulture));
    }

    /// <summary>What is no token: pictures, pixels; characters asked and answered; milliseconds; searches. The dollars are worked out by hand.</summary>
    [TestCase("standard/1024-x-1024/dall-e-3", 1, 1048576, 0, 0, 0, 0, "0.0399999238144")]
    [TestCase("hd/1024-x-1792/dall-e-3", 2, 3670016, 0, 0, 0, 0, "0.23998234624")]
    [TestCase("256-x-256/dall-e-2", 1, 65536, 0, 0, 0, 0, "0.01599995904")]
    [TestCase("high/1024-x-1024/gpt-image-1", 1, 1048576, 0, 0, 0, 0, "0.167000000167936")]
    [TestCase("low/1024-x-1024/gpt-image-1-mini", 3, 3145728, 0, 0, 0, 0, "0.015")]
    [TestCase("gemini/imagen-4.0-ultra-generate-001", 2, 0, 0, 0, 0, 0, "0.12")]
    [TestCase("tts-1", 0, 0, 1000, 0, 0, 0, "0.015")]
    [TestCase("azure/tts-1-hd", 0, 0, 7, 0, 0, 0, "0.00021")]
    [TestCase("text-bison", 0, 0, 400, 100, 0, 0, "0.00015")]
    [TestCase("medlm-large", 0, 0, 1, 1, 0, 0, "0.00002")]
    [TestCase("whisper-1", 0, 0, 0, 0, 90000, 0, "0.009")]
    [TestCase("groq/whisper-large-v3-turbo", 0, 0, 0, 0, 10000, 0, "0.0001111")]
    [TestCase("bedrock/us-east-1/6-month-commitment/anthropic.claude-v2:1", 0, 0, 0, 0, 2500, 0, "0.0243")]
    [TestCase("rerank-v3.5", 0, 0, 0, 0, 0, 1, "0.002")]
    [TestCase("amazon.rerank-v1:0", 0, 0, 0, 0, 0, 3, "0.003")]
    [TestCase("omni-moderation-latest", 0, 0, 100, 0, 1, 1, "0")]
    public void What_is_no_token_costs_what_the_price_page_says(
        string model, long images, long pixels, long characters, long outputCharacters, long milliseconds, long queries, string dollars)
    {
        var usage = new TokenUsage
        {
            Images = images,
            Pixels = pixels,
            Characters = characters,
            OutputCharacters = outputCharacters,
            Seconds = milliseconds / 1000m,
            Queries = queries,
        };

        var (input, output) = PriceTable.Shipped.FindPrice(model)!.CostOf(usage);

        (input + output).Should().Be(decimal.Parse(dollars, CultureInfo.InvariantCulture));
    }

    [TestCase(10, 0, 0, 0, "0.00002")]
    [TestCase(10, 5, 0, 0, "0.0000325")]
    [TestCase(10, 5, 0, 100, "0.0008325")]
    [TestCase(0, 0, 10, 0, "0.000002")]
    public void Tokens_of_pictures_have_prices_of_their_own(long input, long seen, long cached, long drawn, string dollars)
    {
        var (inputCost, outputCost) = PriceTable.Shipped.FindPrice("gpt-image-1-mini")!.CostOf(new TokenUsage(input, cached, 0, 0, 0) { ImageInput = seen, ImageOutput = drawn });

        (inputCost + outputCost).Should().Be(decimal.Parse(dollars, CultureInfo.InvariantCulture));
    }

    [Test]
    public void Every_kind_of_token_has_its_price()
    {
        var price = new ModelPrice(3, 15, 0.3m, 3.75m);

        price.CostOf(new TokenUsage(100, 10, 1, 20, 2)).Should().Be((300 + 3 + 3.75m, 330m));
    }

    [Test]
    public void Cached_input_without_a_price_costs_as_input()
    {
        new ModelPrice(2, 3).CostOf(new TokenUsage(1, 1, 1, 0, 0)).Should().Be((6m, 0m));
    }

    [Test]
    public void Calls_and_pictures_have_prices_too()
    {
        var price = new ModelPrice([new(PriceKind.Request, ServiceTier.Standard, 0, 0.005m), new(PriceKind.ImageOutput, ServiceTier.Standard, 0, 0.04m)]);

        price.CostOf(new TokenUsage(9, 0, 0, 9, 0) { Images = 2 }).Should().Be((0.005m, 0.08m));
    }

    [Test]
    public void The_first_name_with_a_price_decides()
    {
        var table = PriceTable.Shipped.With([new("own", new ModelPrice(1, 1)), new("gpt-4o", new ModelPrice(9, 9))]);

        table.FindPrice("unknown", null, "own", "gpt-4o")!.InputCostPerToken.Should().Be(1);
        table.FindPrice("gpt-4o")!.InputCostPerToken.Should().Be(9);
        PriceTable.Shipped.FindPrice("gpt-4o")!.InputCostPerToken.Should().Be(0.0000025m);
        table.FindPrice("unknown").Should().BeNull();
    }

    [Test]
    public void A_negative_price_is_refused()
    {
        var change = () => PriceTable.Shipped.With([new("own", new ModelPrice(-1, 1))]);

        change.Should().Throw<ArgumentException>().WithMessage("The price of 'own' must not be negative.*");
    }

    [Test]
    public void The_table_knows_what_a_model_is_for_and_how_much_it_takes_and_gives()
    {
        var price = PriceTable.Shipped.FindPrice("gpt-4o")!;

        (price.Mode, price.MaxInputTokens, price.MaxOutputTokens).Should().Be(("chat", 128000, 16384));
        PriceTable.Shipped.Count.Should().BeGreaterThan(1600);
    }

    [Test]
    public void A_price_map_in_LiteLLMs_format_lies_over_the_table()
    {
        var map = """
            {
              "sample_spec": { "input_cost_per_token": 0 },
              "painter": {
                "mode": "image_generation", "input_cost_per_image": 0.05, "input_cost_per_pixel": 0.002, "input_cost_per_second": 0.3, "input_cost_per_query": 0.5
              },
              "both": {
                "mode": "chat", "input_cost_per_token": 0.1, "output_cost_per_token": 0.2, "input_cost_per_character": 0.025, "output_cost_per_character": 0.05
              },
              "own": {
                "mode": "chat", "max_input_tokens": 1000, "max_output_tokens": 100,
                "input_cost_per_token": 1e-06, "input_cost_per_token_above_200k_tokens": 2e-06, "input_cost_per_token_batches": 5e-07,
                "output_cost_per_token": 3e-06, "cache_creation_input_token_cost_above_1hr": 4e-06, "input_cost_per_token_cache_hit": 1e-07, "supports_vision": true
              }
            }
            """;

        var table = PriceTable.Shipped.WithLiteLlmMap(Encoding.UTF8.GetBytes(map));

        var own = table.FindPrice("own")!;
        own.CostOf(new TokenUsage(1000, 0, 0, 0, 0) { CacheWriteHour = 1 }).Input.Should().Be(0.001004m);
        own.CostOf(new TokenUsage(0, 1000, 0, 0, 0)).Input.Should().Be(0.0001m);
        own.CostOf(new TokenUsage(1000, 0, 0, 0, 0), ServiceTier.Batch).Input.Should().Be(0.0005m);
        own.CostOf(new TokenUsage(200_001, 0, 0, 0, 0)).Input.Should().Be(0.400002m);
        table.FindPrice("painter")!.CostOf(new TokenUsage { Images = 2, Pixels = 10, Seconds = 1, Queries = 1 }).Should().Be((0.8m, 0.12m));
        table.FindPrice("both")!.CostOf(new TokenUsage(10, 0, 0, 10, 0) { Characters = 40, OutputCharacters = 40 }).Should().Be((1m, 2m), "tokens and characters are one price told twice");
        (table.FindPrice("sample_spec"), table.FindPrice("gpt-4o")).Should().Be((null, PriceTable.Shipped.FindPrice("gpt-4o")));
        table.Invoking(prices => prices.WithLiteLlmMap("[]"u8.ToArray())).Should().Throw<JsonException>();
    }

    [TestCase("InputCostPerTokenBatch", PriceKind.Input, ServiceTier.Batch, 0)]
    [TestCase("outputcostpertoken", PriceKind.Output, ServiceTier.Standard, 0)]
    [TestCase("CachedInputCostPerTokenPriorityAbove200000", PriceKind.CachedInput, ServiceTier.Priority, 200000)]
    [TestCase("CostPerRequest", PriceKind.Request, ServiceTier.Standard, 0)]
    public void A_setting_names_its_figure(string name, PriceKind kind, ServiceTier tier, long above)
    {
        PriceTable.ReadSetting(name, 0.5m).Should().Be(new PricePoint(kind, tier, above, 0.5m));
    }

    [TestCase("InputCost")]
    [TestCase("InputCostPerTokenAboveAll")]
    public void A_setting_of_another_name_is_none(string name)
    {
        PriceTable.ReadSetting(name, 0.5m).Should().BeNull();
    }
}
