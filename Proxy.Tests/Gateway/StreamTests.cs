using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Promise 4: a stream passes as it comes, and one that breaks says so.</summary>
internal sealed class StreamTests : GatewayFixture
{
    [Test]
    public async Task A_chunk_passes_while_the_provider_is_still_silent_about_the_rest()
    {
        var rest = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("first"));
            await rest.Task.WaitAsync(Limit);
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("{}", "stop"), OpenAiBodies.Done);
        };

        using var response = await AskAsync();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = await reader.ReadLineAsync().WaitAsync(Limit);
        rest.SetResult();
        var remainder = await reader.ReadToEndAsync();

        first.Should().Contain("first");
        remainder.Should().EndWith("data: [DONE]\n\n");
    }

    [Test]
    public async Task Usage_is_asked_for_always_and_shown_only_to_who_asked([Values] bool isAsked)
    {
        Provider.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream("Hi"));
        var fields = isAsked ? new JsonObject { ["stream_options"] = new JsonObject { ["include_usage"] = true } } : null;

        using var response = await AskAsync(fields);
        var body = await response.Content.ReadAsStringAsync();

        body.Contains("\"choices\":[]").Should().Be(isAsked);
        body.Should().EndWith("data: [DONE]\n\n");
        Provider.Calls.Single().Json["stream_options"]!["include_usage"]!.GetValue<bool>().Should().BeTrue();
        (await SpentAsync()).Should().Be(("Success", 11, false));
    }

    [Test]
    public async Task A_clients_leaving_cancels_the_provider_and_is_recorded_with_what_was_produced()
    {
        var cancelled = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            context.RequestAborted.Register(() => cancelled.TrySetResult());
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("twelve bytes"));
            await cancelled.Task.WaitAsync(Limit);
        };

        using (var response = await AskAsync())
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            await reader.ReadLineAsync().WaitAsync(Limit);
        }

        await cancelled.Task.WaitAsync(Limit);
        var (outcome, tokens, isEstimated) = await Eventually.BecomesAsync(SpentAsync, spent => spent.Outcome is not null);
        (outcome, isEstimated).Should().Be(("Aborted", true));
        tokens.Should().BeGreaterThan(3);
    }

    [Test]
    public async Task A_stream_that_is_cut_ends_in_one_error_event_and_no_end_mark()
    {
        var seen = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("half an ans"));
            await seen.Task.WaitAsync(Limit);
            context.Abort();
        };

        using var response = await AskAsync();
        seen.SetResult();
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        body.Should().Contain("data: {\"error\":").And.Contain("broke off").And.NotContain("[DONE]");
        isWhole.Should().BeFalse();
        (await SpentAsync()).Outcome.Should().Be("Incomplete");
    }

    [Test]
    public async Task A_stream_that_ends_without_its_end_mark_is_broken_even_where_a_choice_was_finished()
    {
        Provider.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Chunk("all"), OpenAiBodies.Chunk("{}", "stop"));

        using var response = await AskAsync(new JsonObject { ["n"] = 2 });
        var (body, _) = await response.ReadAsFarAsItGoesAsync();

        body.Should().Contain("broke off").And.NotContain("[DONE]");
        (await SpentAsync()).Outcome.Should().Be("Incomplete");
    }

    [Test]
    public async Task A_stop_of_the_gateway_ends_a_stream_in_its_own_protocol_and_records_it()
    {
        await using var gateway = await TestGateway.StartAsync(
            TestClusters.At(Provider.Address), new JsonObject { ["Requests"] = new JsonObject { ["DrainTimeout"] = "00:00:00.100" } });
        var over = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("for a long time"));
            await over.Task.WaitAsync(Limit);
        };
        using var client = gateway.With(await gateway.CreateKeyAsync());
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent("""{"model":"gpt-4o-mini","stream":true}""") };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        await gateway.StopAsync();
        over.SetResult();

        var (body, _) = await response.ReadAsFarAsItGoesAsync();
        body.Should().Contain("service_unavailable_error").And.NotContain("[DONE]");
        (await gateway.LedgerAsync()).Single().Outcome.Should().Be("Incomplete");
    }

    [Test]
    public async Task A_stream_that_stalls_says_so()
    {
        await using var gateway = await TestGateway.StartAsync(new JsonObject
        {
            ["slow"] = new JsonObject
            {
                ["HttpRequest"] = new JsonObject { ["ActivityTimeout"] = "00:00:01" },
                ["Destinations"] = new JsonObject { ["first"] = new JsonObject { ["Address"] = $"{Provider.Address}v1" } },
            },
        });
        var over = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("and then"));
            await over.Task.WaitAsync(Limit);
        };
        using var client = gateway.With(await gateway.CreateKeyAsync());

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(new JsonObject { ["model"] = "slow", ["stream"] = true }) };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();
        over.SetResult();

        body.Should().Contain("timeout_error").And.NotContain("[DONE]");
        isWhole.Should().BeFalse();
    }

    [Test]
    public async Task An_event_longer_than_the_buffer_passes_whole()
    {
        var words = new string('x', 3_000_000);
        Provider.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream(words));

        using var response = await AskAsync();
        var body = await response.Content.ReadAsStringAsync();

        body.Should().Contain(words).And.EndWith("data: [DONE]\n\n");
        (await SpentAsync()).Should().Be(("Success", 11, false));
    }

    [TestCase("Text/Event-Stream; charset=utf-8")]
    [TestCase(null)]
    public async Task A_stream_is_a_stream_however_its_type_is_written(string? type)
    {
        var rest = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = type;
            await context.Response.WriteAsync($"data: {OpenAiBodies.Chunk("first")}\n\n");
            await rest.Task.WaitAsync(Limit);
            await context.Response.WriteAsync("data: [DONE]\n\n");
        };

        using var response = await AskAsync();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync().WaitAsync(Limit)).Should().Contain("first");
        rest.SetResult();
    }

    [Test]
    public async Task The_clients_other_stream_options_stay()
    {
        Provider.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream("Hi"));

        using var response = await AskAsync(new JsonObject { ["stream_options"] = new JsonObject { ["include_obfuscation"] = false, ["include_usage"] = false } });

        Provider.Calls.Single().Json["stream_options"]!.ToJsonString().Should().Be("""{"include_obfuscation":false,"include_usage":true}""");
    }

    [Test]
    public async Task A_compressed_stream_is_opened()
    {
        Provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new System.IO.Compression.GZipStream(context.Response.Body, System.IO.Compression.CompressionLevel.Fastest);
            foreach (var data in OpenAiBodies.Stream("packed")) await gzip.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"data: {data}\n\n"));
        };

        using var response = await AskAsync();
        var body = await response.Content.ReadAsStringAsync();

        response.Content.Headers.ContentEncoding.Should().BeEmpty();
        body.Should().Contain("packed").And.EndWith("data: [DONE]\n\n");
    }

    private Task<HttpResponseMessage> AskAsync(JsonObject? fields = null)
    {
        var body = fields ?? [];
        body["model"] = "gpt-4o-mini";
        body["stream"] = true;
        body["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hello" });
        return Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(body) }, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task<(string? Outcome, long Tokens, bool IsEstimated)> SpentAsync() => (await Gateway.LedgerAsync())
        .Select(row => ((string?)row.Outcome, row.Tokens, row.IsEstimated)).SingleOrDefault();
}
