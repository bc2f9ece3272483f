using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Limits of single deployments: a full one is left out of the choice, and what it held comes back on every end.</summary>
internal sealed class DeploymentLimitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private FakeProvider _first = null!;
    private FakeProvider _second = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [SetUp]
    public async Task StartProvidersAsync() => (_first, _second) = (await FakeProvider.StartAsync(), await FakeProvider.StartAsync());

    [TearDown]
    public async Task StopAsync()
    {
        _client?.Dispose();
        if (_gateway is not null) await _gateway.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Test]
    public async Task A_full_deployment_is_left_out_and_when_all_are_full_the_client_is_told_when_one_frees()
    {
        await StartAsync("""{"RpmLimit":"2"}""", """{"RpmLimit":"1"}""");

        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 3; i++) statuses.Add((await AskAsync()).StatusCode);
        using var refusal = await AskAsync();

        statuses.Should().AllBeEquivalentTo(HttpStatusCode.OK);
        (_first.Calls.Count, _second.Calls.Count).Should().Be((2, 1));
        refusal.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        refusal.Headers.RetryAfter!.Delta.Should().BeGreaterThan(TimeSpan.FromSeconds(40)).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(60));
        var error = JsonNode.Parse(await refusal.Content.ReadAsStringAsync())!["error"]!;
        error["message"]!.GetValue<string>().Should().StartWith("No deployments available for selected model");
        error["type"]!.GetValue<string>().Should().Be("rate_limit_error");
    }

    [Test]
    public async Task A_hundred_calls_at_once_never_have_more_under_way_than_a_deployment_takes()
    {
        var (first, second) = (new Gauge(fits: 3), new Gauge(fits: 2));
        _first.Answer = first.Answer;
        _second.Answer = second.Answer;
        await StartAsync("""{"MaxParallelRequests":"3"}""", """{"MaxParallelRequests":"2"}""");

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ => (await AskAsync()).StatusCode));

        answers.Should().OnlyContain(status => status == HttpStatusCode.OK || status == HttpStatusCode.TooManyRequests);
        (first.Most, second.Most).Should().Be((3, 2));
        answers.Count(status => status == HttpStatusCode.OK).Should().Be(first.Count + second.Count);
        for (var i = 0; i < 6; i++) (await AskAsync()).StatusCode.Should().Be(HttpStatusCode.OK, "every slot came back");
    }

    [Test]
    public async Task A_slot_comes_back_from_a_failure_a_cut_stream_and_a_client_that_leaves()
    {
        await StartAsync("""{"MaxParallelRequests":"1"}""", """{"MaxParallelRequests":"0"}""");
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("no"), 500);
        (await AskAsync()).StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        _first.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("cut"));
            context.Abort();
        };
        await ReadStreamAsync();

        var left = new TaskCompletionSource();
        _first.Answer = async (context, _) =>
        {
            context.RequestAborted.Register(() => left.TrySetResult());
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("never ends"));
            await left.Task.WaitAsync(Limit);
        };
        using (var response = await SendStreamAsync())
        {
            response.StatusCode.Should().Be(HttpStatusCode.OK);
            (await AskAsync()).StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        }

        await left.Task.WaitAsync(Limit);
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!"));
        (await Eventually.BecomesAsync(async () => (await AskAsync()).StatusCode, status => status == HttpStatusCode.OK)).Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task Tokens_that_were_used_fill_a_deployment_and_what_was_only_held_does_not()
    {
        await StartAsync("""{"TpmLimit":"1000"}""", """{"TpmLimit":"0"}""");
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("small", prompt: 5, completion: 5));
        for (var i = 0; i < 3; i++) (await AskAsync()).StatusCode.Should().Be(HttpStatusCode.OK);
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("large", prompt: 500, completion: 500));
        await AskAsync();

        using var refusal = await AskAsync();

        refusal.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        refusal.Headers.RetryAfter!.Delta.Should().BeGreaterThan(TimeSpan.FromSeconds(40));
    }

    [Test]
    public async Task Of_a_call_that_was_given_up_the_tokens_of_its_prompt_stay_and_no_others()
    {
        await StartAsync("""{"TpmLimit":"1000"}""", """{"TpmLimit":"0"}""");
        _first.Answer = (context, _) => Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        (await GiveUpAsync("[]", 128)).Should().Be(HttpStatusCode.GatewayTimeout);
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!"));
        (await AskAsync()).StatusCode.Should().Be(HttpStatusCode.OK, "128 answers that nobody gave take nothing from others");

        _first.Answer = (context, _) => Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        (await GiveUpAsync($"[\"{new string('x', 4000)}\"]", 1)).Should().Be(HttpStatusCode.GatewayTimeout);
        (await AskAsync()).StatusCode.Should().Be(HttpStatusCode.TooManyRequests, "the prompt of 1,000 tokens was had by the provider");

        async Task<HttpStatusCode> GiveUpAsync(string messages, int answers)
        {
            using var response = await _client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"main","timeout":1.5,"n":{{answers}},"messages":{{messages}}}"""));
            return response.StatusCode;
        }
    }

    [Test]
    public async Task A_model_whose_deployments_are_full_falls_back()
    {
        await StartAsync("""{"RpmLimit":"1"}""", """{"RpmLimit":"0"}""", fallback: true);

        var went = new List<string>();
        for (var i = 0; i < 2; i++) went.Add((await AskAsync()).Headers.GetValues("x-litellm-model-id").Single());

        went.Should().Equal("main/first", "spare/only");
    }

    [Test]
    public async Task A_stored_model_has_the_limits_of_its_parameters_and_a_wrong_one_is_refused()
    {
        await StartAsync("{}", "{}");
        await _gateway.PostAsync("/model/new", Stored(1));

        using var first = await AskAsync("fresh");
        using var second = await AskAsync("fresh");
        using var wrong = await _gateway.Admin.PostAsync("/model/new", new StringContent(Stored(-1).ToJsonString()));

        (first.StatusCode, second.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.TooManyRequests));
        ((int)wrong.StatusCode).Should().BeInRange(400, 422);
    }

    [Test]
    public async Task What_is_used_outlasts_a_reload()
    {
        await StartAsync("""{"RpmLimit":"1"}""", """{"RpmLimit":"0"}""");
        await AskAsync();

        _gateway.Folder.WriteConfig(Clusters("""{"RpmLimit":"2"}""", """{"RpmLimit":"0"}"""));
        await _gateway.LogBecomesAsync("Applied the changed configuration");
        var statuses = new[] { (await AskAsync()).StatusCode, (await AskAsync()).StatusCode };

        statuses.Should().Equal(HttpStatusCode.OK, HttpStatusCode.TooManyRequests);
    }

    private JsonObject Stored(int rpm) => new()
    {
        ["model_name"] = "fresh",
        ["litellm_params"] = new JsonObject { ["model"] = "openai/gpt-4o", ["api_base"] = $"{_first.Address}v1", ["api_key"] = "some-secret", ["rpm"] = rpm },
    };

    private JsonObject Clusters(string first, string second, bool fallback = false)
    {
        JsonObject Destination(Uri provider, string metadata) => new() { ["Address"] = $"{provider}v1", ["Metadata"] = JsonNode.Parse(metadata) };
        var main = new JsonObject
        {
            ["LoadBalancingPolicy"] = "FirstAlphabetical",
            ["Metadata"] = new JsonObject { ["Retries"] = "0", ["AllowedFails"] = "100", ["Fallbacks"] = fallback ? "spare" : "" },
            ["Destinations"] = new JsonObject { ["first"] = Destination(_first.Address, first), ["second"] = Destination(_second.Address, second) },
        };
        return new JsonObject
        {
            ["main"] = main,
            ["spare"] = new JsonObject { ["Destinations"] = new JsonObject { ["only"] = Destination(_second.Address, "{}") } },
        };
    }

    private async Task StartAsync(string first, string second, bool fallback = false)
    {
        _gateway = await TestGateway.StartAsync(Clusters(first, second, fallback));
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    private Task<HttpResponseMessage> AskAsync(string model = "main") =>
        _client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{model}}","messages":[]}"""));

    private Task<HttpResponseMessage> SendStreamAsync() => _client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent("""{"model":"main","stream":true,"messages":[]}""") },
        HttpCompletionOption.ResponseHeadersRead);

    private async Task ReadStreamAsync()
    {
        using var response = await SendStreamAsync();
        try
        {
            await response.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            // It was cut.
        }
    }

    /// <summary>Counts calls under way, and lets none go before as many as fit have come.</summary>
    private sealed class Gauge(int fits)
    {
        private readonly TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _now;
        private int _most;
        private int _count;

        public int Most => _most;

        public int Count => _count;

        public async Task Answer(Microsoft.AspNetCore.Http.HttpContext context, ProviderCall call)
        {
            Interlocked.Increment(ref _count);
            var now = Interlocked.Increment(ref _now);
            int seen;
            while ((seen = Volatile.Read(ref _most)) < now) Interlocked.CompareExchange(ref _most, now, seen);
            if (now >= fits) _full.TrySetResult();
            await _full.Task.WaitAsync(Limit);
            Interlocked.Decrement(ref _now);
            await FakeProvider.Json(context, OpenAiBodies.Chat("Hello!"));
        }
    }
}
