using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>One span per call, one per attempt, below the client's own.</summary>
internal sealed class TraceTests
{
    private const string Prompt = "canary-prompt-2b7e";
    private const string Model = "gpt-4o-mini";

    private readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();
    private readonly ActivitySpanId _parent = ActivitySpanId.CreateRandom();
    private readonly ConcurrentBag<Activity> _spans = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_call_is_a_span_below_the_clients_with_one_below_it_for_each_attempt(bool isPassed)
    {
        var told = new ConcurrentBag<string?>();
        await using var provider = await FakeProvider.StartAsync();
        provider.Answer = (context, _) =>
        {
            told.Add(context.Request.Headers.TraceParent);
            return told.Count == 1 ? FakeProvider.Json(context, OpenAiBodies.Error("busy"), status: 503) : FakeProvider.Json(context, OpenAiBodies.Chat("Hello"));
        };
        await using var gateway = await TestGateway.StartAsync(
            TestClusters.At(provider.Address), new JsonObject { ["Traces"] = new JsonObject { ["PassToProviders"] = isPassed } });
        var key = await gateway.CreateKeyAsync();
        using var listener = Listen();

        await CallAsync(gateway, key);
        await _ended.Task.WaitAsync(TimeSpan.FromSeconds(20));

        var call = _spans.Single(span => span.ParentSpanId == _parent);
        var attempts = _spans.Where(span => span.Source.Name == "Proxy.Host").OrderBy(span => span.StartTimeUtc).ToList();
        attempts.Select(attempt => (attempt.ParentSpanId, attempt.Kind, attempt.DisplayName)).Should().Equal(Enumerable.Repeat((call.SpanId, ActivityKind.Client, $"chat {Model}"), 2));
        attempts.Select(attempt => (attempt.Status, attempt.GetTagItem("http.response.status_code"))).Should().Equal((ActivityStatusCode.Error, 503), (ActivityStatusCode.Unset, null));
        attempts[1].GetTagItem("gen_ai.usage.output_tokens").Should().NotBeNull();
        told.Should().BeEquivalentTo(isPassed ? attempts.Select(attempt => attempt.Id) : [null, null]);
        foreach (var tag in _spans.SelectMany(span => span.TagObjects)) (tag.Value?.ToString() ?? "").Should().NotContainAny(Prompt, key, TestClusters.FakeProviderKey);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Where_nobody_collects_the_clients_own_context_is_passed_on_if_at_all(bool isPassed)
    {
        string? told = null;
        await using var provider = await FakeProvider.StartAsync();
        provider.Answer = (context, _) =>
        {
            told = context.Request.Headers.TraceParent;
            return FakeProvider.Json(context, OpenAiBodies.Chat("Hello"));
        };
        await using var gateway = await TestGateway.StartAsync(
            TestClusters.At(provider.Address), new JsonObject { ["Traces"] = new JsonObject { ["PassToProviders"] = isPassed } });

        await CallAsync(gateway, await gateway.CreateKeyAsync());

        told.Should().Be(isPassed ? $"00-{_trace}-{_parent}-01" : null);
    }

    private ActivityListener Listen()
    {
        // Other tests of this process make spans too; those of this one have its trace. So has the provider's own, when it is told.
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or "Proxy.Host",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.TraceId == _trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                _spans.Add(span);
                if (span.ParentSpanId == _parent) _ended.SetResult();
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private async Task CallAsync(TestGateway gateway, string key)
    {
        using var client = gateway.With(key);
        client.DefaultRequestHeaders.Add("traceparent", $"00-{_trace}-{_parent}-01");
        using var content = new StringContent(
            new JsonObject { ["model"] = Model, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Prompt }) }.ToJsonString());
        using var response = await client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }
}
