using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Providers that do not keep to the rules cost neither the client the truth nor the operator the money.</summary>
internal sealed class UntidyProviderTests : GatewayFixture
{
    [TestCase(204)]
    [TestCase(205)]
    [TestCase(301)]
    [TestCase(304)]
    public async Task A_status_without_an_answer_is_an_error(int status)
    {
        Provider.Answer = (context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };

        await IsRefusedAsync(HttpStatusCode.BadGateway, $"status {status}");

        (await Gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Failure", Status = 502, Cost = 0 });
    }

    [TestCase(400, 400)]
    [TestCase(500, 500)]
    [TestCase(200, 502)]
    public async Task The_providers_credential_is_covered_wherever_an_answer_quotes_it(int status, int shown)
    {
        Provider.Answer = (context, call) => FakeProvider.Json(context, OpenAiBodies.Error($"Bad header: {call.Headers["Authorization"]}"), status);

        using var response = await SendAsync();
        var body = await response.Content.ReadAsStringAsync();

        ((int)response.StatusCode).Should().Be(shown);
        body.Should().Contain("Bad header: Bearer ****").And.NotContain(TestClusters.FakeProviderKey);
        (await Gateway.LedgerAsync()).Single().Outcome.Should().Be("Failure");
    }

    [Test]
    public async Task The_providers_credential_is_covered_in_a_stream_too()
    {
        Provider.Answer = (context, call) => FakeProvider.Stream(context, OpenAiBodies.Error(call.Headers["Authorization"]));

        using var response = await SendAsync(stream: true);

        (await response.Content.ReadAsStringAsync()).Should().Contain("Bearer ****").And.NotContain(TestClusters.FakeProviderKey).And.NotContain("[DONE]");
        (await Gateway.LedgerAsync()).Single().Outcome.Should().Be("Failure");
    }

    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("""{"prompt_tokens":-5,"completion_tokens":-1}""")]
    [TestCase("""{"prompt_tokens":"1000","completion_tokens":"10"}""")]
    [TestCase("""{"prompt_tokens":1000000000000,"completion_tokens":1}""")]
    [TestCase("""{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}""")]
    [TestCase("""{"prompt_tokens":1e300}""")]
    public async Task Usage_that_says_nothing_believable_is_estimated(string usage)
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, $$$"""{"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"}}],"usage":{{{usage}}}}""");

        using var response = await SendAsync();

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        var row = (await Gateway.LedgerAsync()).Single();
        (row.Outcome, row.IsEstimated).Should().Be(("Success", true));
        row.Cost.Should().BeInRange(1, 100_000_000);
    }

    [Test]
    public async Task Usage_in_floating_numbers_is_usage()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, """{"choices":[{"index":0,"message":{"content":"Hello"}}],"usage":{"prompt_tokens":1000.0,"completion_tokens":1e1}}""");

        using var response = await SendAsync();

        (await Gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Tokens = 1010, IsEstimated = false });
    }

    [Test]
    public async Task A_body_that_breaks_after_part_of_it_went_out_is_billed()
    {
        var answer = OpenAiBodies.Chat(new string('x', 200_000));
        Provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer[..150_000]);
            await context.Response.Body.FlushAsync();
            context.Abort();
        };

        await this.Invoking(test => test.SendAsync()).Should().ThrowAsync<HttpRequestException>();

        var row = (await Eventually.BecomesAsync(Gateway.LedgerAsync, rows => rows.Count > 0)).Single();
        (row.Outcome, row.IsEstimated, row.Status).Should().Be(("Incomplete", true, 200), "the client has seen its head");
        row.Tokens.Should().BeGreaterThan(1000);
    }

    [Test]
    public async Task Json_that_does_not_end_is_no_answer_however_politely_the_connection_ended()
    {
        var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) await gzip.WriteAsync(Encoding.UTF8.GetBytes(OpenAiBodies.Chat("Hello")));
        Provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(packed.ToArray().AsMemory(0, (int)packed.Length / 2));
        };

        await IsRefusedAsync(HttpStatusCode.BadGateway, "broke off");

        (await Gateway.LedgerAsync()).Single().Outcome.Should().Be("Failure");
    }

    [TestCase("zstd", "compressed its answer")]
    [TestCase("gzip, gzip, gzip", "compressed its answer")]
    [TestCase("br", "broke off")]
    public async Task An_encoding_that_cannot_be_opened_is_an_error(string encoding, string sentence)
    {
        Provider.Answer = (context, _) =>
        {
            context.Response.Headers.ContentEncoding = encoding;
            return FakeProvider.Json(context, "no such bytes");
        };

        await IsRefusedAsync(HttpStatusCode.BadGateway, sentence);
    }

    [Test]
    public async Task Names_and_headers_that_no_header_can_carry_cost_no_answer()
    {
        await using var gateway = await TestGateway.StartAsync(new JsonObject { ["*"] = TestClusters.Cluster($"{Provider.Address}v1") });
        using var client = gateway.With(await gateway.CreateKeyAsync());
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "caf\u00e9");

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"mod\u00e8le/\u2713"}"""));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Headers.GetValues("x-litellm-model-group").Single().Should().Be("mod%C3%A8le/%E2%9C%93");
    }

    private async Task IsRefusedAsync(HttpStatusCode status, string sentence)
    {
        using var response = await SendAsync();
        response.StatusCode.Should().Be(status);
        JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["message"]!.GetValue<string>().Should().Contain(sentence);
    }

    private Task<HttpResponseMessage> SendAsync(bool stream = false) =>
        Client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{Model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"Hi"}]}"""));
}
