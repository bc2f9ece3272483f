using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Promise: what goes through the gateway arrives as it was sent, but for what the gateway is there to change.</summary>
internal sealed class ForwardingTests : GatewayFixture
{
    [TestCase("/v1/chat/completions", "/v1/chat/completions")]
    [TestCase("/chat/completions", "/v1/chat/completions")]
    [TestCase("/v1/completions", "/v1/completions")]
    [TestCase("/completions", "/v1/completions")]
    [TestCase("/v1/embeddings", "/v1/embeddings")]
    [TestCase("/embeddings", "/v1/embeddings")]
    public async Task Each_operation_is_served_with_and_without_its_version(string path, string upstream)
    {
        using var response = await SendAsync($$"""{"model":"{{Model}}"}""", path);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        Provider.Calls.Single().Path.Should().Be(upstream);
    }

    [Test]
    public async Task A_route_of_the_operators_serves_under_its_own_path()
    {
        await using var gateway = await TestGateway.StartAsync(TestClusters.At(Provider.Address, Model), new JsonObject { ["ReverseProxy"] = JsonNode.Parse($$$"""
            {
              "Routes": { "own": { "Match": { "Path": "/llm/{**rest}" }, "Metadata": { "Api": "openai" } } },
              "Clusters": {{{TestClusters.At(Provider.Address, Model).ToJsonString()}}}
            }
            """) });
        using var client = gateway.With(await gateway.CreateKeyAsync());

        using var own = await client.PostAsync("/llm/v1/chat/completions", new StringContent($$"""{"model":"{{Model}}"}"""));
        using var gone = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{Model}}"}"""));

        (own.StatusCode, gone.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.NotFound));
        Provider.Calls.Single().Path.Should().Be("/v1/chat/completions");
    }

    [Test]
    public async Task Body_and_answer_pass_byte_for_byte()
    {
        const string asked = "{ \"messages\" : [ {\"role\":\"user\",\"content\":\"\\u00e9 é ✓ \\n\"} ],\n  \"model\":\"gpt-4o-mini\" , \"temperature\":1.0e0, \"unknown\": [1,{ }]}";
        var answer = OpenAiBodies.Chat("é ✓");
        Provider.Answer = (context, _) => FakeProvider.Json(context, answer);

        using var response = await SendAsync(asked);

        Provider.Calls.Single().Body.Should().Be(asked);
        (await response.Content.ReadAsStringAsync()).Should().Be(answer);
    }

    [Test]
    public async Task A_body_of_the_largest_size_and_an_answer_of_many_megabytes_pass()
    {
        var asked = $$"""{"model":"{{Model}}","input":"{{new string('a', 31 * 1024 * 1024)}}"}""";
        var answer = $$$"""{"object":"list","data":[{"embedding":"{{{new string('A', 40 * 1024 * 1024)}}}"}],"model":"{{{Model}}}","usage":{"prompt_tokens":7,"total_tokens":7}}""";
        Provider.Answer = (context, _) => FakeProvider.Json(context, answer);

        using var response = await SendAsync(asked, "/v1/embeddings");
        var body = await response.Content.ReadAsStringAsync();

        (Provider.Calls.Single().Body.Length, body.Length).Should().Be((asked.Length, answer.Length));
        (await Gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Tokens = 7, IsEstimated = false });
    }

    [Test]
    public async Task What_is_meant_for_the_gateway_stays_here()
    {
        using var response = await SendAsync($$$"""
            {"tags":["a"],"model":"{{{Model}}}","metadata":{"session_id":"s"},"messages":[],"litellm_metadata":{},"num_retries":3,"_secret":1,"langfuse_public_key":"pk","seed":4,"cache":{"no-cache":true}}
            """);

        Provider.Calls.Single().Json.Select(field => field.Key).Should().Equal("model", "messages", "seed");
    }

    [Test]
    public async Task Metadata_goes_on_when_the_provider_shall_keep_the_answer()
    {
        using var response = await SendAsync($$$"""{"model":"{{{Model}}}","store":true,"metadata":{"a":"b"}}""");

        Provider.Calls.Single().Json["metadata"]!.ToJsonString().Should().Be("""{"a":"b"}""");
    }

    [TestCase("gzip")]
    [TestCase("br")]
    [TestCase("deflate")]
    public async Task A_compressed_answer_is_opened(string encoding)
    {
        var answer = OpenAiBodies.Chat("packed");
        Provider.Answer = async (context, call) =>
        {
            call.Headers.Should().NotContainKey("Accept-Encoding");
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentEncoding = encoding;
            await using Stream packed = encoding switch
            {
                "gzip" => new GZipStream(context.Response.Body, CompressionLevel.Fastest),
                "br" => new BrotliStream(context.Response.Body, CompressionLevel.Fastest),
                _ => new ZLibStream(context.Response.Body, CompressionLevel.Fastest),
            };
            await packed.WriteAsync(Encoding.UTF8.GetBytes(answer));
        };

        using var response = await SendAsync($$"""{"model":"{{Model}}"}""");

        response.Content.Headers.ContentEncoding.Should().BeEmpty();
        (await response.Content.ReadAsStringAsync()).Should().Be(answer);
        (await Gateway.LedgerAsync()).Single().Tokens.Should().Be(13);
    }

    [Test]
    public async Task An_answer_that_is_cut_is_never_a_clean_end([Values] bool hasLength)
    {
        var answer = OpenAiBodies.Chat(new string('x', 200_000));
        Provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = "application/json";
            if (hasLength) context.Response.ContentLength = answer.Length;
            await context.Response.WriteAsync(answer[..150_000]);
            await context.Response.Body.FlushAsync();
            context.Abort();
        };

        var read = async () =>
        {
            using var response = await SendAsync($$"""{"model":"{{Model}}"}""");
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadAsStringAsync();
        };

        await read.Should().ThrowAsync<HttpRequestException>();
        (await Eventually.BecomesAsync(Gateway.LedgerAsync, rows => rows.Count > 0)).Single().Outcome.Should().Be("Incomplete");
    }

    [Test]
    public async Task The_answer_tells_what_it_cost_and_where_it_came_from()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hi", prompt: 1000, completion: 100));

        using var response = await SendAsync($$"""{"model":"{{Model}}"}""");

        string Header(string name) => response.Headers.GetValues(name).Single();
        Header("x-litellm-response-cost").Should().Be("0.00021");
        Header("x-litellm-model-id").Should().Be($"{Model}/first");
        (await Gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Cost = 210_000_000, CallId = Header("x-litellm-call-id").Replace("-", "") });
    }

    [Test]
    public async Task Models_have_names_of_their_own_wildcards_and_upstream_names()
    {
        await using var gateway = await TestGateway.StartAsync(new JsonObject
        {
            ["llama"] = Cluster("""{"Models":"llama3:8b, llama3:latest"}""", """{"Model":"meta/llama-3-8b"}"""),
            ["openai/*"] = Cluster("{}", """{"Model":"*"}"""),
            ["*"] = Cluster("{}", "{}"),
        });
        using var client = gateway.With(await gateway.CreateKeyAsync());

        foreach (var model in (string[])["llama3:8b", "openai/gpt-4o", "anything"])
        {
            using var response = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{model}}"}"""));
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        Provider.Calls.Select(call => call.Json["model"]!.GetValue<string>()).Should().Equal("meta/llama-3-8b", "gpt-4o", "anything");
    }

    private JsonObject Cluster(string metadata, string destinationMetadata) => new()
    {
        ["Metadata"] = JsonNode.Parse(metadata),
        ["Destinations"] = new JsonObject { ["first"] = new JsonObject { ["Address"] = $"{Provider.Address}v1", ["Metadata"] = JsonNode.Parse(destinationMetadata) } },
    };

    private Task<HttpResponseMessage> SendAsync(string body, string path = "/v1/chat/completions") =>
        Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
}
