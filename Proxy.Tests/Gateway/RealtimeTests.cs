using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Tests.Providers;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace Proxy.Tests.Gateway;

/// <summary>Sessions of the realtime API: admitted, counted by response, held to budgets and limits, and ended truthfully.</summary>
internal sealed class RealtimeTests : RealtimeFixture
{
    /// <summary>Of <see cref="FakeSessions.Done"/>, in 10⁻¹² dollars.</summary>
    private const long ResponseCost = (long)(((10 * 0.001m) + (5 * 0.0005m) + (20 * 0.01m) + (3 * 0.002m) + (40 * 0.02m)) * 1_000_000_000_000);

    [TestCase("/v1/realtime?model=voice")]
    [TestCase("/realtime?model=voice")]
    [TestCase("/openai/realtime?api-version=2024-10-01-preview&deployment=voice")]
    [TestCase("/openai/v1/realtime?model=voice")]
    public async Task A_session_is_forwarded_and_each_response_is_recorded(string path)
    {
        using var client = await OpenAsync(path);
        await FakeSessions.SayAsync(client, Create);
        var first = await HearUntilDoneAsync(client);
        (await Gateway.LedgerAsync()).Should().ContainSingle("a response is recorded before its end is seen").Which.Cost.Should().Be(ResponseCost);
        await FakeSessions.SayAsync(client, Create);
        await HearUntilDoneAsync(client);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

        first.Should().HaveCount(4);
        first[2].Should().Be(FakeSessions.Text("Hello"));
        client.SubProtocol.Should().Be("realtime");
        var (target, headers) = Provider.Handshakes.Single();
        target.Should().Be("/v1/realtime?model=upstream");
        headers["Authorization"].Should().Be($"Bearer {TestClusters.FakeProviderKey}");
        headers.Values.Should().NotContain(value => value.Contains("sk-"));
        var rows = await LedgerBecomesAsync(3);
        rows.Should().OnlyContain(row => row.Outcome == "Success" && row.Model == "voice" && !row.IsEstimated);
        rows.Sum(row => row.Cost).Should().Be(2 * ResponseCost);
    }

    [Test]
    public async Task The_model_of_a_session_stays_what_it_is()
    {
        using var client = await OpenAsync();
        await FakeSessions.HearAsync(client);

        await FakeSessions.SayAsync(client, """{"type":"session.update","session":{"model":"other"}}""");
        (await FakeSessions.HearAsync(client)).Should().Contain("\"type\":\"error\"").And.Contain("cannot be changed");
        await FakeSessions.SayAsync(client, """{"session":{"type":"transcription"},"type":"session.update"}""", "no event");
        (await FakeSessions.HearAsync(client)).Should().Contain("'realtime' only");
        (await FakeSessions.HearAsync(client)).Should().Contain("not an event");

        await FakeSessions.SayAsync(client, """{"type":"session.update","session":{"voice":"x", "model": "voice"}}""");
        (await Provider.Heard.Reader.ReadAsync()).Should().Be("""{"type":"session.update","session":{"voice":"x", "model": "upstream"}}""");
    }

    [Test]
    public async Task A_response_beside_another_is_held_for_too_or_refused([Values] bool fits)
    {
        Provider.Answer = (socket, message) => message == Create ? FakeSessions.SayAsync(socket, FakeSessions.Created, FakeSessions.Text("Hello")) : Task.CompletedTask;
        using var client = await OpenAsync(key: await Gateway.CreateKeyAsync(new JsonObject { ["max_budget"] = fits ? 1000 : 100 }));
        await FakeSessions.SayAsync(client, Create);
        await HearUntilAsync(client, "delta");

        await FakeSessions.SayAsync(client, Create, """{"type":"input_audio_buffer.clear"}""");
        if (!fits) (await FakeSessions.HearAsync(client)).Should().Contain("\"type\":\"error\"").And.Contain("budget_exceeded");

        (await Provider.Heard.Reader.ReadAsync()).Should().Be(Create);
        (await Provider.Heard.Reader.ReadAsync()).Should().Be(fits ? Create : """{"type":"input_audio_buffer.clear"}""");
    }

    [TestCase("""{"type":"session.update","session":{"input_audio_transcription":{"model":"whisper-1"}}}""")]
    [TestCase("""{"type":"session.update","session":{"audio":{"input":{"format":{"type":"audio/pcm"},"transcription":{"language":"en","model":"whisper-1"}}}}}""")]
    public async Task What_the_user_says_is_written_down_by_a_model_that_the_key_may_use(string update)
    {
        using var narrow = await OpenAsync(key: await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("voice") }));
        await FakeSessions.HearAsync(narrow);
        await FakeSessions.SayAsync(narrow, update);
        (await FakeSessions.HearAsync(narrow)).Should().Contain("\"type\":\"error\"").And.Contain("whisper-1");

        using var wide = await OpenAsync(key: await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("voice", "whisper-1") }));
        await FakeSessions.SayAsync(wide, update);
        (await Provider.Heard.Reader.ReadAsync()).Should().Be(update);
    }

    [Test]
    public async Task Tokens_of_a_session_count_at_its_deployment()
    {
        using (var client = await OpenAsync("/v1/realtime?model=small"))
        {
            await FakeSessions.SayAsync(client, Create);
            await HearUntilDoneAsync(client);
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }

        await LedgerBecomesAsync(2);

        (await RefusalAsync("/v1/realtime?model=small", await Gateway.CreateKeyAsync())).Should().Be(HttpStatusCode.TooManyRequests);
    }

    [Test]
    public async Task Responses_of_a_session_count_as_requests_at_its_deployment()
    {
        using var client = await OpenAsync("/v1/realtime?model=slow");
        for (var response = 0; response < 2; response++)
        {
            await FakeSessions.SayAsync(client, Create);
            await HearUntilDoneAsync(client);
        }

        await FakeSessions.SayAsync(client, Create);

        (await FakeSessions.HearAsync(client)).Should().Contain("\"type\":\"error\"").And.Contain("at their own limits");
        (await RefusalAsync("/v1/realtime?model=slow", await Gateway.CreateKeyAsync())).Should().Be(HttpStatusCode.TooManyRequests);
        Provider.Handshakes.Should().ContainSingle();
    }

    [Test]
    public async Task A_destination_that_takes_no_sessions_is_left_alone()
    {
        (await OpenAsync("/v1/realtime?model=pair")).Dispose();

        var absent = Gateway.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("pair", out var pair) ? pair.Destinations["absent"] : null;
        await Eventually.BecomesAsync(() => Task.FromResult(absent!.Health.Passive), health => health == DestinationHealth.Unhealthy);
        (await OpenAsync("/v1/realtime?model=pair")).Dispose();
        Provider.Handshakes.Count(handshake => handshake.Target.StartsWith("/refuse/", StringComparison.Ordinal)).Should().Be(1);
    }

    [Test]
    public async Task Who_may_not_is_refused_before_anyone_is_asked()
    {
        var restricted = await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("other") });
        var spent = await Gateway.CreateKeyAsync(new JsonObject { ["max_budget"] = 0 });

        (await RefusalAsync("/v1/realtime?model=voice", "sk-unknown")).Should().Be(HttpStatusCode.Unauthorized);
        (await RefusalAsync("/v1/realtime?model=voice", restricted)).Should().Be(HttpStatusCode.Unauthorized);
        (await RefusalAsync("/v1/realtime?model=voice", spent)).Should().Be(HttpStatusCode.BadRequest);
        (await RefusalAsync("/v1/realtime?model=unknown", await Gateway.CreateKeyAsync())).Should().Be(HttpStatusCode.BadRequest);
        (await RefusalAsync("/v1/realtime?model=voice&model=other", await Gateway.CreateKeyAsync())).Should().Be(HttpStatusCode.BadRequest);
        using var plain = await Gateway.Admin.GetAsync("/v1/realtime?model=voice");
        plain.StatusCode.Should().Be(HttpStatusCode.UpgradeRequired);
        Provider.Handshakes.Should().BeEmpty();
    }

    [TestCase(401, HttpStatusCode.BadGateway)]
    [TestCase(500, HttpStatusCode.BadGateway)]
    public async Task AProviders_refusal_is_told_before_the_session_is_open(int status, HttpStatusCode told)
    {
        Provider.Refusal = status;

        (await RefusalAsync("/v1/realtime?model=voice", await Gateway.CreateKeyAsync())).Should().Be(told);
        (await Gateway.LedgerAsync()).Single().Outcome.Should().Be("Failure");
    }

    [Test]
    public async Task A_session_that_runs_over_its_budget_is_ended_with_an_error()
    {
        using var client = await OpenAsync(key: await Gateway.CreateKeyAsync(new JsonObject { ["max_budget"] = 10 }));
        var responses = 0;
        var last = "";
        while (await FakeSessions.HearAsync(client) is { } message)
        {
            last = message;
            if (message.Contains("response.done")) responses++;
            if (message.Contains("response.done") || message.Contains("session.created")) await FakeSessions.SayAsync(client, Create);
        }

        last.Should().Contain("\"type\":\"error\"").And.Contain("budget_exceeded");
        client.CloseStatus.Should().Be(WebSocketCloseStatus.PolicyViolation);
        var rows = await LedgerBecomesAsync(responses + 1);
        rows.Sum(row => row.Cost).Should().BeInRange(10_000_000_000_000 - ResponseCost, 10_000_000_000_000 + ResponseCost);
    }

    [Test]
    public async Task A_key_that_is_blocked_ends_its_session_with_the_next_response()
    {
        var key = await Gateway.CreateKeyAsync();
        using var client = await OpenAsync(key: key);
        await Gateway.PostAsync("/key/block", new JsonObject { ["key"] = key });
        await FakeSessions.SayAsync(client, Create);
        await HearUntilDoneAsync(client);

        (await FakeSessions.HearAsync(client)).Should().Contain("\"type\":\"error\"");
        (await FakeSessions.HearAsync(client)).Should().BeNull();
    }

    [Test]
    public async Task AProvider_that_breaks_off_is_told_and_what_it_sent_is_billed()
    {
        Provider.Answer = async (socket, message) =>
        {
            if (message == Create) await FakeSessions.SayAsync(socket, FakeSessions.Created, FakeSessions.Text("Hello there"));
            else socket.Abort();
        };
        using var client = await OpenAsync();
        await FakeSessions.SayAsync(client, Create);
        while (await FakeSessions.HearAsync(client) is { } message && !message.Contains("delta"))
        {
        }

        await FakeSessions.SayAsync(client, """{"type":"input_audio_buffer.clear"}""");
        var heard = await HearAllAsync(client);

        heard[^1].Should().Contain("\"type\":\"error\"").And.Contain("broke off");
        client.CloseStatus.Should().Be(WebSocketCloseStatus.InternalServerError);
        var rows = await LedgerBecomesAsync(2);
        rows.Should().OnlyContain(row => row.Outcome == "Incomplete");
        rows.Should().ContainSingle(row => row.IsEstimated && row.Cost > 0);
    }

    [Test]
    public async Task Each_of_several_responses_is_billed_for_itself_when_the_provider_breaks_off([Values] bool isOneDone)
    {
        static string Created(string id) => FakeSessions.Created.Replace("resp_1", id);
        static string Text(string id, string words) => $$"""{"type":"response.output_text.delta","delta":"{{words}}","response_id":"{{id}}"}""";
        Provider.Answer = async (socket, message) =>
        {
            if (message != Create)
            {
                socket.Abort();
                return;
            }

            await FakeSessions.SayAsync(socket, Created("resp_1"), Text("resp_1", "four"), Created("resp_2"), Text("resp_2", new string('x', 400)), Text("resp_1", "more"));
            if (isOneDone) await FakeSessions.SayAsync(socket, FakeSessions.Done());
            await FakeSessions.SayAsync(socket, Text("resp_2", "that is all of it"));
        };
        using var client = await OpenAsync();
        await FakeSessions.SayAsync(client, Create);
        await HearUntilAsync(client, "that is all of it");

        await FakeSessions.SayAsync(client, """{"type":"input_audio_buffer.clear"}""");
        _ = await HearAllAsync(client);

        var rows = (await LedgerBecomesAsync(3)).Where(row => row.Cost > 0).ToList();
        rows.Select(row => row.Outcome).Should().BeEquivalentTo(isOneDone ? ["Success", "Incomplete"] : (string[])["Incomplete", "Incomplete"]);
        if (isOneDone) rows.Single(row => !row.IsEstimated).Cost.Should().Be(ResponseCost);
        rows.Where(row => row.IsEstimated).Select(row => row.Tokens).Max().Should().BeGreaterThanOrEqualTo(104);
        rows.Where(row => row.IsEstimated).Should().HaveCount(isOneDone ? 1 : 2);
    }

    [Test]
    public async Task A_client_that_leaves_has_its_response_ended_and_billed_exactly()
    {
        Provider.Answer = (socket, message) => message.Contains("response.cancel")
            ? FakeSessions.SayAsync(socket, FakeSessions.Done("cancelled"))
            : FakeSessions.SayAsync(socket, FakeSessions.Created, FakeSessions.Text("Hello"));
        using var client = await OpenAsync();
        await FakeSessions.SayAsync(client, Create);
        while (await FakeSessions.HearAsync(client) is { } message && !message.Contains("delta"))
        {
        }

        client.Abort();

        var rows = await LedgerBecomesAsync(2);
        rows.Sum(row => row.Cost).Should().Be(ResponseCost);
        rows.Should().Contain(row => row.Outcome == "Aborted");
    }

    [Test]
    public async Task AProvider_that_closes_closes_the_client_with_the_same_word()
    {
        Provider.Answer = (socket, _) => socket.CloseOutputAsync((WebSocketCloseStatus)4001, null, CancellationToken.None);
        using var client = await OpenAsync();
        await FakeSessions.SayAsync(client, Create);
        await HearAllAsync(client);

        client.CloseStatus.Should().Be((WebSocketCloseStatus)4001);
        (await LedgerBecomesAsync(1)).Single().Outcome.Should().Be("Incomplete");
    }

    [Test]
    public async Task A_message_that_is_too_long_ends_the_session()
    {
        using var client = await OpenAsync();
        await FakeSessions.SayAsync(client, $$"""{"type":"input_audio_buffer.append","audio":"{{new string('A', 200_000)}}"}""");
        await HearAllAsync(client);

        client.CloseStatus.Should().Be(WebSocketCloseStatus.MessageTooBig);
    }

    [Test]
    public async Task AGateway_that_stops_tells_its_sessions()
    {
        using var client = await OpenAsync();
        var heard = HearAllAsync(client);
        await Gateway.StopAsync();

        (await heard)[^1].Should().Contain("\"type\":\"error\"").And.Contain("being stopped");
        client.CloseStatus.Should().Be(WebSocketCloseStatus.EndpointUnavailable);
    }
}
