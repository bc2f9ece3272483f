using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Tests.Providers;
using Yarp.ReverseProxy;

namespace Proxy.Tests.Gateway;

/// <summary>A call that waits longer than usual is tried at a second destination beside the first: one answer, one record, nothing left behind.</summary>
internal sealed class HedgeTests
{
    private const int Known = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly TaskCompletionSource _firstWasLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _firstMayAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeProvider _first = null!;
    private FakeProvider _second = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        (_first, _second) = (await FakeProvider.StartAsync(), await FakeProvider.StartAsync());
        _first.Answer = (context, call) => AnswerAsync(context, call, "first");
        _second.Answer = (context, call) => AnswerAsync(context, call, "second");
    }

    [TearDown]
    public async Task StopAsync()
    {
        _firstMayAnswer.TrySetResult();
        _client?.Dispose();
        if (_gateway is not null) await _gateway.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Test]
    public async Task A_slow_first_byte_brings_a_second_attempt_and_the_loser_is_cancelled_and_billed_for_its_prompt([Values] bool isStream)
    {
        await StartGatewayAsync();
        await MakeKnownAsync();
        _first.Answer = StallAsync;

        using var response = await AskAsync(isStream);

        (await response.Content.ReadAsStringAsync()).Should().Contain("from second").And.NotContain("from first");
        response.Headers.GetValues("x-litellm-model-id").Single().Should().Be("main/second");
        response.Headers.GetValues("x-litellm-attempted-retries").Single().Should().Be("0");
        await _firstWasLeft.Task.WaitAsync(Limit);
        var rows = await _gateway.QueryAsync<CallRow>("select cost as Cost, attempts as Attempts from spend_log order by call_id");
        rows.Should().HaveCount(Known + 1);
        var output = isStream ? 2 : 4;
        rows.Single(row => row.Attempts == 2).Should().Be(new CallRow { Cost = ((9 + 9) * 1_000_000L) + (output * 2_000_000L), Attempts = 2 });

        // What the loser held of its deployment is free again: it takes the next call, though it may have one at a time.
        _first.Answer = (context, call) => AnswerAsync(context, call, "first");
        _second.Answer = static (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        using var next = await AskAsync(isStream);
        (await next.Content.ReadAsStringAsync()).Should().Contain("from first");
        Slots().Should().Be(0);
    }

    [Test]
    public async Task To_the_limits_of_its_key_a_call_that_is_tried_twice_at_once_is_one_call()
    {
        await StartGatewayAsync();
        await MakeKnownAsync();
        _first.Answer = StallAsync;
        _client.Dispose();
        _client = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject
        {
            ["max_parallel_requests"] = 1,
            ["model_rpm_limit"] = new JsonObject { ["main"] = 2 },
            ["model_tpm_limit"] = new JsonObject { ["main"] = 1_000_000 },
            ["model_max_budget"] = new JsonObject { ["main"] = 100 },
        }));

        using var twice = await AskAsync(isStream: false);
        (await twice.Content.ReadAsStringAsync()).Should().Contain("from second");
        _first.Answer = (context, call) => AnswerAsync(context, call, "first");
        using var once = await AskAsync(isStream: false);
        using var tooMany = await AskAsync(isStream: false);

        (once.StatusCode, tooMany.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.TooManyRequests));
    }

    [Test]
    public async Task A_refusal_of_the_second_waits_for_the_first([Values(500, 204, 200)] int status)
    {
        await StartGatewayAsync();
        await MakeKnownAsync();
        _first.Answer = StallAsync;
        _second.Answer = async (context, _) =>
        {
            if (status == 500) await FakeProvider.Json(context, OpenAiBodies.Error("down"), status);
            else await EmptyAsync(context, status);
            _firstMayAnswer.TrySetResult();
        };

        using var response = await AskAsync(isStream: false);

        (response.StatusCode, _second.Calls.Count).Should().Be((HttpStatusCode.OK, 1));
        (await response.Content.ReadAsStringAsync()).Should().Contain("from first");
        response.Headers.GetValues("x-litellm-model-id").Single().Should().Be("main/first");
    }

    [Test]
    public async Task When_both_fail_the_call_goes_on_and_its_first_cause_counts()
    {
        await StartGatewayAsync();
        await MakeKnownAsync();
        _first.Answer = async (context, _) =>
        {
            await _firstMayAnswer.Task.WaitAsync(Limit);
            await FakeProvider.Json(context, OpenAiBodies.Error("first is down"), 503);
        };
        _second.Answer = async (context, _) =>
        {
            await FakeProvider.Json(context, OpenAiBodies.Error("second is down"), 500);
            _firstMayAnswer.TrySetResult();
        };

        using var response = await AskAsync(isStream: false);

        response.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await response.Content.ReadAsStringAsync()).Should().Contain("first is down");
        (await _gateway.LedgerAsync()).Single(row => row.Outcome != "Success").Should().BeEquivalentTo(new { Outcome = "Failure", Status = 503L, Cost = 0L });
    }

    [Test]
    public async Task When_both_time_out_both_prompts_are_billed()
    {
        await StartGatewayAsync();
        await MakeKnownAsync();
        _first.Answer = StallAsync;
        _second.Answer = static (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);

        using var response = await _client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"main","timeout":3,"messages":[]}"""));

        response.StatusCode.Should().Be(HttpStatusCode.GatewayTimeout);
        var rows = await _gateway.QueryAsync<CallRow>("select cost as Cost, attempts as Attempts from spend_log order by call_id");
        rows.Single(row => row.Attempts == 2).Cost.Should().Be(2 * 1_000_000, "each had a prompt of one token");
    }

    [Test]
    public async Task A_model_that_is_not_hedged_or_a_destination_that_is_not_known_gets_one_attempt([Values] bool isHedged)
    {
        await StartGatewayAsync(isHedged);
        if (!isHedged) await MakeKnownAsync();
        _first.Answer = StallAsync;

        var asking = AskAsync(isStream: false);
        await Eventually.BecomesAsync(() => Task.FromResult(_first.Calls.Count), count => count == (isHedged ? 1 : Known + 1));
        _firstMayAnswer.TrySetResult();
        using var response = await asking;

        (await response.Content.ReadAsStringAsync()).Should().Contain("from first");
        _second.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task The_second_is_picked_by_the_policy_of_the_cluster_whatever_the_case_of_its_name()
    {
        await StartGatewayAsync(policy: "firstalphabetical", hasThird: true);
        await MakeKnownAsync();
        _first.Answer = StallAsync;

        using var response = await AskAsync(isStream: false);

        response.Headers.GetValues("x-litellm-model-id").Single().Should().Be("main/second");
    }

    [Test]
    public async Task A_client_that_leaves_ends_both_attempts()
    {
        await StartGatewayAsync();
        await MakeKnownAsync();
        var secondWasAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var secondWasLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _first.Answer = StallAsync;
        _second.Answer = async (context, _) =>
        {
            context.RequestAborted.Register(secondWasLeft.SetResult);
            secondWasAsked.SetResult();
            await secondWasLeft.Task.WaitAsync(Limit);
        };

        using var leaving = new CancellationTokenSource();
        var asking = AskAsync(isStream: false, leaving.Token);
        await secondWasAsked.Task.WaitAsync(Limit);
        await leaving.CancelAsync();

        await asking.Awaiting(task => task).Should().ThrowAsync<OperationCanceledException>();
        await Task.WhenAll(_firstWasLeft.Task, secondWasLeft.Task).WaitAsync(Limit);
        var rows = await Eventually.BecomesAsync(_gateway.LedgerAsync, rows => rows.Count == Known + 1);
        rows.Single(row => row.Outcome != "Success").Outcome.Should().Be("Aborted");
        (await Eventually.BecomesAsync(() => Task.FromResult(Slots()), slots => slots == 0)).Should().Be(0);
    }

    private static Task EmptyAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status200OK) context.Response.ContentLength = 0;
        return context.Response.CompleteAsync();
    }

    private static Task AnswerAsync(HttpContext context, ProviderCall call, string name) => call.Body.Contains("\"stream\":true")
        ? FakeProvider.Stream(context, OpenAiBodies.Stream($"from {name}"))
        : FakeProvider.Json(context, OpenAiBodies.Chat($"from {name}"));

    /// <summary>Answers when it may, and notes when nobody waits any more.</summary>
    private async Task StallAsync(HttpContext context, ProviderCall call)
    {
        context.RequestAborted.Register(() => _firstWasLeft.TrySetResult());
        await Task.WhenAny(_firstMayAnswer.Task, _firstWasLeft.Task).WaitAsync(Limit);
        if (_firstMayAnswer.Task.IsCompleted) await AnswerAsync(context, call, "first");
    }

    /// <summary>So many calls that the first destination's usual time is known.</summary>
    private async Task MakeKnownAsync()
    {
        for (var call = 0; call < Known; call++)
        {
            using var response = await AskAsync(isStream: false);
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        _second.Calls.Should().BeEmpty();
    }

    private Task<HttpResponseMessage> AskAsync(bool isStream, CancellationToken leaving = default) => _client.PostAsync(
        "/v1/chat/completions", new StringContent($$"""{"model":"main","stream":{{(isStream ? "true" : "false")}},"messages":[]}"""), leaving);

    private int Slots() => _gateway.Services.GetRequiredService<IProxyStateLookup>().GetClusters()
        .SelectMany(cluster => cluster.DestinationsState.AllDestinations).Sum(destination => destination.ConcurrentRequestCount);

    private async Task StartGatewayAsync(bool isHedged = true, string policy = "FirstAlphabetical", bool hasThird = false)
    {
        static JsonObject At(FakeProvider provider) => new()
        {
            ["Address"] = $"{provider.Address}v1",
            ["Metadata"] = new JsonObject { ["MaxParallelRequests"] = "1" },
        };
        var main = new JsonObject
        {
            ["LoadBalancingPolicy"] = policy,
            ["Metadata"] = new JsonObject { ["Hedge"] = isHedged ? "true" : "false", ["Retries"] = "0", ["AllowedFails"] = "100" },
            ["Destinations"] = new JsonObject { ["first"] = At(_first), ["second"] = At(_second) },
        };
        if (hasThird) main["Destinations"]!["third"] = At(_second);
        var prices = new JsonObject { ["main"] = new JsonObject { ["InputCostPerToken"] = 0.000001, ["OutputCostPerToken"] = 0.000002 } };
        _gateway = await TestGateway.StartAsync(new JsonObject { ["main"] = main }, new JsonObject { ["Prices"] = prices });
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    private sealed record CallRow
    {
        public long Cost { get; init; }

        public long Attempts { get; init; }
    }
}
