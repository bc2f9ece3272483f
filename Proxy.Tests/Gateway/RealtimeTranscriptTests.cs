using System.Net.WebSockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What the user says in a session is written down by a model of its own, which has its own price.</summary>
internal sealed class RealtimeTranscriptTests : RealtimeFixture
{
    private const string Sound = """{"type":"input_audio_buffer.append","audio":"AAAA"}""";
    private const string Said = """{"type":"input_audio_buffer.committed","item_id":"item_1"}""";

    [TestCase("whisper-1", """{"type":"duration","seconds":12.5}""", 12.5 * 0.0001)]
    [TestCase("gpt-4o-mini-transcribe", """{"type":"tokens","total_tokens":48,"input_tokens":38,"input_token_details":{"text_tokens":10,"audio_tokens":28},"output_tokens":10}""", ((10 * 1.25) + (28 * 3) + (10 * 5)) / 1e6)]
    public async Task A_transcript_is_billed_at_the_price_of_who_writes_it(string model, string usage, double cost)
    {
        Provider.Answer = (socket, message) => message == Sound ? FakeSessions.SayAsync(socket, Said, Transcript(usage)) : Task.CompletedTask;
        var key = await Gateway.CreateKeyAsync(new JsonObject { ["max_parallel_requests"] = 1, ["rpm_limit"] = 1 });
        using var client = await OpenAsync(key: key);

        await FakeSessions.SayAsync(client, Update(model), Sound, Sound);
        await HearUntilAsync(client, "transcription.completed");

        (await Gateway.LedgerAsync()).Should().NotBeEmpty("a transcript is recorded before it is seen");
        await HearUntilAsync(client, "transcription.completed");
        var rows = await LedgerBecomesAsync(2);
        rows.Should().OnlyContain(row => row.Model == model && row.Outcome == "Success" && !row.IsEstimated && row.Cost == (long)Math.Round(cost * 1_000_000_000_000));
        JsonNode.Parse(await Gateway.With(key).GetStringAsync("/key/info"))!["info"]!["spend"]!.GetValue<decimal>().Should().Be(2 * (decimal)cost);
    }

    [Test]
    public async Task Without_usage_a_transcript_is_estimated_by_what_was_heard()
    {
        Provider.Answer = (socket, message) => message.Contains("append") ? FakeSessions.SayAsync(socket, Said, Transcript("null")) : Task.CompletedTask;
        using var client = await OpenAsync();

        // Half a second of sound.
        await FakeSessions.SayAsync(client, Update("whisper-1"), $$"""{"type":"input_audio_buffer.append","audio":"{{new string('A', 32_000)}}"}""");
        await HearUntilAsync(client, "transcription.completed");

        var row = (await LedgerBecomesAsync(1)).Single();
        (row.IsEstimated, row.Cost).Should().Be((true, (long)(0.5m * 0.0001m * 1_000_000_000_000m)));
    }

    [Test]
    public async Task What_was_said_and_is_not_written_down_at_the_end_is_billed_too()
    {
        Provider.Answer = (socket, message) => message == Sound ? FakeSessions.SayAsync(socket, Said) : Task.CompletedTask;
        using var client = await OpenAsync();
        await FakeSessions.SayAsync(client, Update("whisper-1"), Sound);
        await HearUntilAsync(client, "committed");

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

        (await LedgerBecomesAsync(2)).Should().ContainSingle(row => row.Model == "whisper-1" && row.IsEstimated && row.Cost > 0);
    }

    [Test]
    public async Task A_transcript_that_spends_the_rest_of_a_budget_ends_the_session()
    {
        Provider.Answer = (socket, message) => message == Sound ? FakeSessions.SayAsync(socket, Said, Transcript("""{"type":"duration","seconds":3600}""")) : Task.CompletedTask;
        using var client = await OpenAsync("/v1/realtime?model=small", await Gateway.CreateKeyAsync(new JsonObject { ["max_budget"] = 0.5 }));
        await FakeSessions.SayAsync(client, Update("whisper-1"), Sound);
        await HearUntilAsync(client, "completed");
        await FakeSessions.SayAsync(client, Sound);

        (await HearAllAsync(client))[^1].Should().Contain("\"type\":\"error\"").And.Contain("budget_exceeded");
        client.CloseStatus.Should().Be(WebSocketCloseStatus.PolicyViolation);
    }

    [Test]
    public async Task Who_the_provider_says_writes_is_who_is_billed()
    {
        Provider.Answer = (socket, message) => message == Sound
            ? FakeSessions.SayAsync(socket, """{"type":"session.updated","session":{"model":"upstream","audio":{"input":{"transcription":{"model":"whisper-1"}}}}}""", Said, Transcript("""{"type":"duration","seconds":10}"""))
            : Task.CompletedTask;
        using var client = await OpenAsync();
        await FakeSessions.SayAsync(client, Sound);
        await HearUntilAsync(client, "completed");

        (await LedgerBecomesAsync(1)).Single().Should().Match<LedgerRow>(row => row.Model == "whisper-1" && row.Cost == 1_000_000_000);
    }

    [Test]
    public async Task A_writer_whom_the_key_may_not_use_ends_the_session_also_when_the_provider_names_it()
    {
        Provider.Answer = (socket, _) => FakeSessions.SayAsync(socket, """{"type":"session.updated","session":{"input_audio_transcription":{"model":"whisper-1"}}}""");
        using var client = await OpenAsync(key: await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("voice") }));
        await FakeSessions.SayAsync(client, Sound);

        (await HearAllAsync(client))[^1].Should().Contain("\"type\":\"error\"").And.Contain("whisper-1");
        client.CloseStatus.Should().Be(WebSocketCloseStatus.PolicyViolation);
    }

    private static string Update(string model) => $$"""{"type":"session.update","session":{"input_audio_transcription":{"model":"{{model}}"} } }""";

    private static string Transcript(string usage) =>
        $$"""{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1","content_index":0,"transcript":"Hello","usage":{{usage}} }""";
}
