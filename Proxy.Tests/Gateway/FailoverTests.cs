using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A call goes on to whoever can serve it, as long as the client has seen nothing of an answer.</summary>
internal sealed class FailoverTests
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

    [TestCase(408)]
    [TestCase(409)]
    [TestCase(429)]
    [TestCase(500)]
    [TestCase(503)]
    [TestCase(401)]
    [TestCase(404)]
    public async Task A_rejection_moves_on_to_the_next_destination(int status)
    {
        await StartAsync(Ordered());
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("not now"), status);

        using var response = await AskAsync();

        (response.StatusCode, Header(response, "x-litellm-model-id"), Header(response, "x-litellm-attempted-retries")).Should().Be((HttpStatusCode.OK, "main/second", "1"));
        (_first.Calls.Count, _second.Calls.Count).Should().Be((1, 1));
        (await _gateway.QueryAsync<long>("select attempts from spend_log")).Should().Equal(2);
    }

    [TestCase(400)]
    [TestCase(413)]
    [TestCase(422)]
    public async Task What_is_the_clients_fault_is_not_tried_again(int status)
    {
        await StartAsync(Ordered());
        var error = OpenAiBodies.Error("Bad field.");
        _first.Answer = (context, _) => FakeProvider.Json(context, error, status);

        using var response = await AskAsync();

        ((int)response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((status, error));
        _second.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task A_destination_that_is_not_there_is_passed_over([Values] bool isStream)
    {
        var nowhere = await FakeProvider.StartAsync();
        var address = nowhere.Address;
        await nowhere.DisposeAsync();
        await StartAsync(Clusters(("main", null, [Destination(address, order: 1), Destination(_second.Address, order: 2)])));
        if (isStream) _second.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream("Hi"));

        using var response = await AskAsync(new JsonObject { ["stream"] = isStream });

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).Should().Contain("H");
    }

    [Test]
    public async Task A_late_first_byte_moves_on()
    {
        var over = new TaskCompletionSource();
        _first.Answer = (_, _) => over.Task;
        await StartAsync(Ordered("""{"FirstByteTimeout":"00:00:01.500"}"""));

        using var response = await AskAsync();
        over.SetResult();

        Header(response, "x-litellm-model-id").Should().Be("main/second");
    }

    [Test]
    public async Task A_refusal_that_comes_byte_by_byte_is_not_waited_for()
    {
        _first.Answer = async (context, _) =>
        {
            context.Response.StatusCode = 503;
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (await pause.WaitForNextTickAsync(context.RequestAborted))
            {
                await context.Response.Body.WriteAsync("x"u8.ToArray());
                await context.Response.Body.FlushAsync();
            }
        };
        await StartAsync(Ordered("""{"FirstByteTimeout":"00:00:01.500"}"""));

        using var response = await AskAsync().WaitAsync(Limit);

        Header(response, "x-litellm-model-id").Should().Be("main/second");
    }

    [Test]
    public async Task A_stream_that_fails_before_its_first_event_moves_on([Values("cut", "silent", "error", "broken", "empty")] string fault)
    {
        var over = new TaskCompletionSource();
        _first.Answer = async (context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            if (fault == "cut") context.Abort();
            if (fault == "silent") await over.Task;
            if (fault == "error") await FakeProvider.Stream(context, OpenAiBodies.Error("overloaded"));
            if (fault == "broken") await FakeProvider.Stream(context, "{\"choices\":");
        };
        _second.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream("second"));
        await StartAsync(Ordered("""{"FirstByteTimeout":"00:00:01.500"}"""));

        using var response = await AskAsync(new JsonObject { ["stream"] = true });
        var body = await response.Content.ReadAsStringAsync();
        over.SetResult();

        body.Should().Contain("second").And.EndWith("data: [DONE]\n\n").And.NotContain("error");
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Tokens = 11L });
    }

    [Test]
    public async Task After_the_first_byte_there_is_no_second_attempt()
    {
        var seen = new TaskCompletionSource();
        _first.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("half"));
            await seen.Task.WaitAsync(Limit);
            context.Abort();
        };
        await StartAsync(Ordered());

        using var response = await AskAsync(new JsonObject { ["stream"] = true });
        seen.SetResult();
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        body.Should().Contain("data: {\"error\":").And.NotContain("[DONE]");
        isWhole.Should().BeFalse();
        _second.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task When_all_fail_the_client_gets_the_first_cause_and_the_record_every_attempt()
    {
        var error = OpenAiBodies.Error("Slow down.", "rate_limit");
        _first.Answer = (context, _) => FakeProvider.Json(context, error, 429);
        _second.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        await StartAsync(Clusters(("main", """{"Fallbacks":"other","Retries":"0"}""", [Destination(_first.Address)]), ("other", """{"Retries":"0"}""", [Destination(_second.Address)])));

        using var response = await AskAsync();

        ((int)response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((429, error));
        (Header(response, "x-litellm-attempted-fallbacks"), Header(response, "x-litellm-model-id")).Should().Be(("1", "main/first"));
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Failure", Status = 429L, Cost = 0L });
        (await _gateway.QueryAsync<long>("select attempts from spend_log")).Should().Equal(2);
    }

    [Test]
    public async Task A_fallback_is_asked_for_its_own_model_and_only_when_the_caller_may_use_it([Values] bool isAllowed)
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        await StartAsync(
            Clusters(("main", """{"Fallbacks":"other","Retries":"0"}""", [Destination(_first.Address)]), ("other", null, [Destination(_second.Address)])),
            new JsonArray(isAllowed ? ["main", "other"] : ["main"]));

        using var response = await AskAsync();

        response.StatusCode.Should().Be(isAllowed ? HttpStatusCode.OK : HttpStatusCode.InternalServerError);
        _second.Calls.Select(call => call.Json["model"]!.GetValue<string>()).Should().Equal(isAllowed ? ["other"] : []);
    }

    [Test]
    public async Task A_client_names_its_own_fallbacks_if_it_may_use_them()
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        await StartAsync(
            Clusters(("main", """{"Retries":"0"}""", [Destination(_first.Address)]), ("other", null, [Destination(_second.Address)]), ("third", null, [Destination(_second.Address)])),
            new JsonArray("main", "other"));

        using var allowed = await AskAsync(new JsonObject { ["fallbacks"] = new JsonArray("other") });
        using var denied = await AskAsync(new JsonObject { ["fallbacks"] = new JsonArray(new JsonObject { ["model"] = "third" }) });
        using var disabled = await AskAsync(new JsonObject { ["fallbacks"] = new JsonArray("other"), ["disable_fallbacks"] = true });

        (allowed.StatusCode, denied.StatusCode, disabled.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.InternalServerError));
        _second.Calls.Single().Json.Select(field => field.Key).Should().Equal("model", "messages");
    }

    [TestCase("context_length_exceeded", "longer")]
    [TestCase("content_filter", "other")]
    [TestCase("something else", null)]
    public async Task A_prompt_that_one_model_will_not_take_goes_to_the_one_that_does(string code, string? model)
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, $$$"""{"error":{"message":"No.","type":"invalid_request_error","param":null,"code":"{{{code}}}"}}""", 400);
        await StartAsync(Clusters(
            ("main", """{"ContextWindowFallbacks":"longer","ContentPolicyFallbacks":"other","Fallbacks":"third"}""", [Destination(_first.Address)]),
            ("longer", null, [Destination(_second.Address)]),
            ("other", null, [Destination(_second.Address)]),
            ("third", null, [Destination(_second.Address)])));

        using var response = await AskAsync();

        response.StatusCode.Should().Be(model is null ? HttpStatusCode.BadRequest : HttpStatusCode.OK);
        _second.Calls.Select(call => call.Json["model"]!.GetValue<string>()).Should().Equal(model is null ? [] : [model]);
    }

    [Test]
    public async Task Any_call_may_go_on_to_the_default_fallbacks()
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        await StartAsync(
            Clusters(("main", null, [Destination(_first.Address)]), ("other", null, [Destination(_second.Address)])),
            sections: new JsonObject { ["Routing"] = new JsonObject { ["DefaultFallbacks"] = "other", ["Retries"] = 0 } });

        using var response = await AskAsync();

        Header(response, "x-litellm-model-id").Should().Be("other/first");
    }

    [Test]
    public async Task A_lone_destination_is_tried_again_after_the_time_that_it_asks_for()
    {
        _first.Answer = (context, _) =>
        {
            context.Response.Headers.RetryAfter = "1";
            return _first.Calls.Count > 1 ? FakeProvider.Json(context, OpenAiBodies.Chat("Hi")) : FakeProvider.Json(context, OpenAiBodies.Error("busy"), 429);
        };
        await StartAsync(Clusters(("main", null, [Destination(_first.Address)])));
        var started = TimeProvider.System.GetTimestamp();

        using var response = await AskAsync();

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        TimeProvider.System.GetElapsedTime(started).Should().BeGreaterThan(TimeSpan.FromSeconds(0.9));
    }

    [TestCase("""{"num_retries":0}""", null)]
    [TestCase("{}", "0")]
    public async Task A_client_says_how_often_to_try(string fields, string? header)
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        await StartAsync(Ordered());

        using var response = await AskAsync(JsonNode.Parse(fields)!.AsObject(), header is null ? [] : [("x-litellm-num-retries", header)]);

        ((int)response.StatusCode, _second.Calls.Count).Should().Be((500, 0));
    }

    [TestCase("""{"timeout":0.2}""", null)]
    [TestCase("{}", "0.2")]
    public async Task A_client_says_how_long_the_whole_may_take(string fields, string? header)
    {
        var over = new TaskCompletionSource();
        _first.Answer = (_, _) => over.Task;
        await StartAsync(Ordered());

        using var response = await AskAsync(JsonNode.Parse(fields)!.AsObject(), header is null ? [] : [("x-litellm-timeout", header)]);
        over.SetResult();

        ((int)response.StatusCode, _second.Calls.Count).Should().Be((504, 0));
    }

    [Test]
    public async Task A_client_that_left_stops_everything()
    {
        var asked = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        _first.Answer = async (context, _) =>
        {
            context.RequestAborted.Register(() => cancelled.TrySetResult());
            asked.SetResult();
            await cancelled.Task.WaitAsync(Limit);
        };
        await StartAsync(Ordered());

        using var left = new CancellationTokenSource();
        var call = AskAsync(cancellationToken: left.Token);
        await asked.Task.WaitAsync(Limit);
        await left.CancelAsync();
        await cancelled.Task.WaitAsync(Limit);

        (await Eventually.BecomesAsync(_gateway.LedgerAsync, rows => rows.Count > 0)).Single().Outcome.Should().Be("Aborted");
        _second.Calls.Should().BeEmpty();
        await ((Func<Task>)(() => call)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Test]
    public async Task A_destination_that_refused_is_left_alone_for_as_long_as_it_asks_but_never_the_last_one()
    {
        _first.Answer = (context, _) =>
        {
            context.Response.Headers.RetryAfter = "600";
            return FakeProvider.Json(context, OpenAiBodies.Error("busy"), 429);
        };
        await StartAsync(Ordered());

        for (var call = 0; call < 5; call++)
        {
            using var response = await AskAsync();
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        _second.Answer = _first.Answer;
        using var refused = await AskAsync();

        // The health of a destination is applied beside the call that it was seen in.
        _first.Calls.Count.Should().BeInRange(1, 3);
        refused.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        _second.Calls.Count.Should().BeGreaterThanOrEqualTo(6);
    }

    [Test]
    public async Task Allowed_fails_keep_a_destination_in_until_there_is_one_more()
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        await StartAsync(Clusters(("main", """{"AllowedFails":"2","CooldownTime":"00:10:00"}""", [Destination(_first.Address, order: 1), Destination(_second.Address, order: 2)])));

        for (var call = 0; call < 12; call++)
        {
            using var response = await AskAsync();
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        // It is counted by the minute of the clock, of which there may have been two; without the allowance the second fail would have been the last.
        _first.Calls.Count.Should().BeInRange(3, 7);
        _second.Calls.Should().HaveCount(12);
    }

    [Test]
    public async Task A_name_that_a_client_makes_up_below_a_wildcard_takes_no_destination_from_others()
    {
        _first.Answer = (context, call) => call.Json["model"]!.GetValue<string>() == "x/none"
            ? FakeProvider.Json(context, OpenAiBodies.Error("no such model"), 404)
            : FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));
        await StartAsync(Clusters(("x/*", null, [Destination(_first.Address, order: 1), Destination(_second.Address, order: 2)])));

        foreach (var model in (string[])["x/none", "x/none", "x/good"])
        {
            using var response = await AskAsync(new JsonObject { ["model"] = model });
            Header(response, "x-litellm-model-id").Should().Be(model == "x/good" ? "x/*/first" : "x/*/second");
        }
    }

    [TestCase("Retry-After", "600", null)]
    [TestCase("retry-after-ms", "600000", null)]
    [TestCase("retry-after-ms", "50", 2)]
    [TestCase("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT", 2)]
    public async Task A_lone_destination_that_asks_for_long_is_not_waited_for(string header, string value, int? calls)
    {
        _first.Answer = (context, _) =>
        {
            context.Response.Headers[header] = value;
            return _first.Calls.Count > 1 ? FakeProvider.Json(context, OpenAiBodies.Chat("Hi")) : FakeProvider.Json(context, OpenAiBodies.Error("busy"), 429);
        };
        await StartAsync(Clusters(("main", null, [Destination(_first.Address)])));

        using var response = await AskAsync();

        (_first.Calls.Count, (int)response.StatusCode).Should().Be(calls is null ? (1, 429) : (calls.Value, 200));
        Header(response, header).Should().Be(value);
        Header(response, "x-litellm-attempted-retries").Should().Be(calls is null ? "0" : "1");
    }

    [Test]
    public async Task A_client_may_ask_for_more_attempts_than_usual_and_each_is_told()
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        _second.Answer = (context, _) => _second.Calls.Count > 2 ? FakeProvider.Json(context, OpenAiBodies.Chat("Hi")) : _first.Answer(context, null!);
        await StartAsync(Ordered());

        using var response = await AskAsync(new JsonObject { ["num_retries"] = 5 });

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        var attempts = _first.Calls.Count + _second.Calls.Count;
        Header(response, "x-litellm-attempted-retries").Should().Be($"{attempts - 1}");
        (await _gateway.QueryAsync<long>("select attempts from spend_log")).Should().Equal(attempts);
    }

    [TestCase("context_window_fallbacks", "context_length_exceeded")]
    [TestCase("content_policy_fallbacks", "content_filter")]
    public async Task A_client_names_where_a_prompt_goes_that_its_model_will_not_take(string field, string code)
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, $$$"""{"error":{"message":"No.","type":"invalid_request_error","param":null,"code":"{{{code}}}"}}""", 400);
        await StartAsync(Clusters(("main", """{"ContextWindowFallbacks":"third","ContentPolicyFallbacks":"third"}""", [Destination(_first.Address)]), ("other", null, [Destination(_second.Address)]), ("third", null, [Destination(_second.Address)])));

        using var named = await AskAsync(new JsonObject { [field] = new JsonArray(new JsonObject { ["main"] = new JsonArray("other") }) });
        using var disabled = await AskAsync(new JsonObject { [field] = new JsonArray("other"), ["disable_fallbacks"] = true });

        (Header(named, "x-litellm-model-id"), Header(named, "x-litellm-attempted-fallbacks"), disabled.StatusCode).Should().Be(("other/first", "1", HttpStatusCode.BadRequest));
        _second.Calls.Single().Json.Select(each => each.Key).Should().Equal("model", "messages");
    }

    [Test]
    public async Task Fallbacks_that_lead_in_a_circle_come_to_an_end()
    {
        _first.Answer = _second.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        await StartAsync(
            Clusters(("main", """{"Fallbacks":"other, main"}""", [Destination(_first.Address)]), ("other", """{"Fallbacks":"main, other"}""", [Destination(_second.Address)])),
            sections: new JsonObject { ["Routing"] = new JsonObject { ["DefaultFallbacks"] = "main, other, main, other, main, other, main", ["Retries"] = 0, ["MaxFallbacks"] = 3 } });

        using var response = await AskAsync();

        (response.StatusCode, Header(response, "x-litellm-attempted-fallbacks"), _first.Calls.Count + _second.Calls.Count).Should().Be((HttpStatusCode.InternalServerError, "3", 4));
    }

    [TestCase("""{"Timeout":"00:00:01.500"}""", "{}")]
    [TestCase(null, """{"timeout":1.5}""")]
    public async Task The_whole_time_ends_a_stream_that_goes_on_and_on(string? metadata, string fields)
    {
        _first.Answer = async (context, _) =>
        {
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (await pause.WaitForNextTickAsync(context.RequestAborted)) await FakeProvider.Stream(context, OpenAiBodies.Chunk("more"));
        };
        await StartAsync(Ordered(metadata));
        var body = JsonNode.Parse(fields)!.AsObject();
        body["stream"] = true;

        using var response = await AskAsync(body);
        var (text, isWhole) = await response.ReadAsFarAsItGoesAsync();

        text.Should().Contain("more").And.Contain("within the time that the call may take").And.NotContain("[DONE]");
        (isWhole, Header(response, "x-litellm-timeout"), _second.Calls.Count).Should().Be((false, "1.5", 0));
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Incomplete", ErrorType = "timeout_error" });
    }

    [Test]
    public async Task A_destination_is_left_alone_when_more_than_half_of_its_calls_fail([Values("refuses", "breaks off", "fails in the middle")] string how)
    {
        var seen = new SemaphoreSlim(0);
        _first.Answer = async (context, _) =>
        {
            if (how == "refuses")
            {
                await FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
                return;
            }

            await FakeProvider.Stream(context, OpenAiBodies.Chunk("half"));
            await seen.WaitAsync(Limit);
            if (how == "breaks off") context.Abort();
            else await FakeProvider.Stream(context, OpenAiBodies.Error("overloaded"));
        };
        _second.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream("Hi"));
        await StartAsync(Ordered("""{"CooldownTime":"00:10:00"}"""));

        await Eventually.BecomesAsync(() => WhereAsync(), where => where == "main/second");
        var away = await WhereAsync(retries: 0);

        away.Should().Be("main/second");

        async Task<string?> WhereAsync(int retries = 0)
        {
            using var response = await AskAsync(new JsonObject { ["stream"] = true, ["num_retries"] = retries });
            seen.Release();
            _ = await response.ReadAsFarAsItGoesAsync();
            return Header(response, "x-litellm-model-id");
        }
    }

    /// <summary>Whoever asks for an answer at once would otherwise take the destination from everybody else.</summary>
    [Test]
    public async Task A_client_in_a_hurry_takes_no_destination_from_others([Values] bool isStream)
    {
        var isSlow = true;
        _first.Answer = async (context, _) =>
        {
            if (isSlow) await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            else await FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));
        };
        _second.Answer = _first.Answer;
        await StartAsync(Ordered("""{"CooldownTime":"00:10:00"}"""));

        for (var call = 0; call < 6; call++)
        {
            using var late = await AskAsync(new JsonObject { ["stream"] = isStream, ["num_retries"] = 0 }, [(isStream ? "x-litellm-stream-timeout" : "x-litellm-timeout", "0.1")]);
            late.StatusCode.Should().Be(HttpStatusCode.GatewayTimeout);
        }

        isSlow = false;
        using var other = await AskAsync();
        Header(other, "x-litellm-model-id").Should().Be("main/first");
    }

    private JsonObject Ordered(string? metadata = null) =>
        Clusters(("main", metadata, [Destination(_first.Address, order: 1), Destination(_second.Address, order: 2)]));

    private static JsonObject Destination(Uri provider, int? order = null) => new()
    {
        ["Address"] = $"{provider}v1",
        ["Metadata"] = order is null ? [] : new JsonObject { ["Order"] = $"{order}" },
    };

    private static JsonObject Clusters(params (string Id, string? Metadata, JsonObject[] Destinations)[] clusters) => new(clusters.Select(cluster =>
        KeyValuePair.Create(cluster.Id, (JsonNode?)new JsonObject
        {
            ["Metadata"] = JsonNode.Parse(cluster.Metadata ?? "{}"),
            ["Destinations"] = new JsonObject(cluster.Destinations.Zip(["first", "second"], (destination, name) => KeyValuePair.Create(name, (JsonNode?)destination))),
        })));

    private async Task StartAsync(JsonObject clusters, JsonArray? models = null, JsonObject? sections = null)
    {
        _gateway = await TestGateway.StartAsync(clusters, sections);
        _client = _gateway.With(await _gateway.CreateKeyAsync(models is null ? null : new() { ["models"] = models }));
    }

    private Task<HttpResponseMessage> AskAsync(JsonObject? fields = null, (string, string)[]? headers = null, CancellationToken cancellationToken = default)
    {
        var body = new JsonObject { ["model"] = "main", ["messages"] = new JsonArray() };
        foreach (var (name, value) in fields ?? []) body[name] = value?.DeepClone();
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(body) };
        foreach (var (name, value) in headers ?? []) request.Headers.Add(name, value);
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
