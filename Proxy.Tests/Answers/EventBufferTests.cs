using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Providers.Responses;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Answers;

internal sealed class EventBufferTests
{
    private static readonly string Whole = string.Concat(
        (IEnumerable<string>)[": a comment\n\n", .. OpenAiBodies.Stream("One", " ✓ \"two\"").Select(data => $"data: {data}\n\n")]);

    /// <summary>A network may cut anywhere, so every cut must come to the same.</summary>
    [Test]
    public async Task However_the_stream_is_cut_the_same_goes_on_and_the_same_is_read([Values("\n", "\r\n", "\r")] string lineEnd)
    {
        var stream = Encoding.UTF8.GetBytes(Whole.Replace("\n", lineEnd));
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            var (passed, digest, hasEnded) = await PassAsync([stream[..cut], stream[cut..]]);

            passed.Should().Contain("One").And.Contain("a comment").And.NotContain("[DONE]").And.NotContain("\"choices\":[]");
            passed.Length.Should().BeLessThan(stream.Length);
            (hasEnded, digest.Usage!.Value.Total, Words(digest)).Should().Be((true, 11, "One ✓ \"two\""), "cut at {0}", cut);
        }
    }

    [Test]
    public async Task Byte_by_byte_it_comes_to_the_same([Values("\n", "\r\n", "\r")] string lineEnd)
    {
        var stream = Encoding.UTF8.GetBytes(Whole.Replace("\n", lineEnd));

        var (passed, digest, hasEnded) = await PassAsync(stream.Select(single => (byte[])[single]));

        (hasEnded, Words(digest)).Should().Be((true, "One ✓ \"two\""));
        passed.Should().StartWith($": a comment{lineEnd}{lineEnd}data: ").And.EndWith(lineEnd + lineEnd);
    }

    /// <summary>The last line end of an event must not be left to the next one, and none may be waited for that does not come.</summary>
    [Test]
    public async Task An_event_goes_on_as_soon_as_it_is_whole_and_with_all_of_its_line_ends([Values("\n", "\r\n", "\r")] string lineEnd)
    {
        var first = $"data: {OpenAiBodies.Chunk("One")}{lineEnd}{lineEnd}";

        var (passed, _, _) = await PassAsync(Encoding.UTF8.GetBytes(first).Select(single => (byte[])[single]));

        passed.Should().Be(first);
    }

    /// <summary>Wherever a piece of a long event ends, what is left of it is no event of its own.</summary>
    [Test]
    public async Task A_long_event_of_several_lines_passes_wherever_it_is_cut([Values("\n", "\r\n", "\r")] string lineEnd)
    {
        for (var shift = 0; shift < 8; shift++)
        {
            var beginning = $"data: {new string('x', (32 * 1024) - 10 + shift)}{lineEnd}";
            var stream = $"{beginning}data: not JSON{lineEnd}{lineEnd}data: {OpenAiBodies.Chunk("after")}{lineEnd}{lineEnd}";

            var (passed, digest, _) = await PassAsync([Encoding.UTF8.GetBytes(stream)]);

            passed.Should().Be(stream, "shifted by {0}", shift);
            Words(digest).Should().Be("after");
        }
    }

    [Test]
    public async Task Who_asked_for_usage_gets_every_event_but_the_end_mark()
    {
        var (passed, _, _) = await PassAsync([Encoding.UTF8.GetBytes(Whole)], passesUsage: true);

        passed.Should().Be(Whole[..^"data: [DONE]\n\n".Length]);
    }

    [Test]
    public async Task Usage_beside_words_stays_with_the_words()
    {
        const string chunk = """{"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}""";

        var (passed, digest, _) = await PassAsync([Encoding.UTF8.GetBytes($"data: {chunk}\n\n")]);

        passed.Should().Contain(chunk);
        digest.Usage!.Value.Total.Should().Be(2);
    }

    [Test]
    public async Task Several_choices_and_tool_calls_are_put_together()
    {
        var (_, digest, _) = await PassAsync(
        [
            .. ((string[])
            [
                """{"choices":[{"delta":{"content":"b"},"index":1},{"delta":{"content":"a"},"index":0}]}""",
                """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}}]}""",
                """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"g","arguments":"{}"}},{"index":0,"function":{"arguments":"{\"a\""}}]}}]}""",
                """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}""",
            ]).Select(data => Encoding.UTF8.GetBytes($"data:{data}\n\n")),
        ]);

        var choices = JsonNode.Parse(Encoding.UTF8.GetString(digest.Output.Span))!.AsArray();
        choices[0]!["content"]!.GetValue<string>().Should().Be("b");
        var calls = choices[1]!["tool_calls"]!.AsArray();
        calls.Select(call => (call!["id"]!.GetValue<string>(), call["function"]!["name"]!.GetValue<string>(), call["function"]!["arguments"]!.GetValue<string>()))
            .Should().Equal(("c1", "f", "{\"a\":1}"), ("c2", "g", "{}"));
    }

    [Test]
    public void What_a_stream_holds_is_bounded_whatever_its_length([Values] bool isOneLine)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var digest = new AnswerDigest();
        using var words = new OpenAiStream(digest, passesUsage: false);
        using var events = new EventBuffer(words);
        var chunk = Encoding.UTF8.GetBytes($"data: {OpenAiBodies.Chunk(new string('x', 1000))}\n\n");
        var piece = isOneLine ? Encoding.UTF8.GetBytes($"data: {new string('x', 1200)}") : chunk;
        var held = 0;

        for (var count = 0; count < 10_000; count++)
        {
            for (var taken = 0; taken < piece.Length;)
            {
                var free = events.Free();
                var part = Math.Min(free.Length, piece.Length - taken);
                piece.AsMemory(taken, part).CopyTo(free);
                taken += part;
                events.Advance(part, pipe.Writer);
                held = Math.Max(held, events.Capacity);
            }
        }

        words.Complete();
        held.Should().BeLessThanOrEqualTo(32 * 1024);
        digest.Output.Length.Should().BeLessThan(49 * 1024);
        digest.OutputBytes.Should().Be(isOneLine ? 0 : 10_000_000);
        if (!isOneLine) Words(digest).Should().EndWith("x [cut]");
    }

    /// <summary>Looked at from its beginning with each piece, an event of some megabytes would keep a processor busy for hours.</summary>
    [Test]
    public void An_event_that_comes_byte_by_byte_is_looked_at_once()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var digest = new AnswerDigest();
        using var response = new ResponsesStream(digest);
        using var events = new EventBuffer(response);
        var bytes = Encoding.UTF8.GetBytes(ResponseBodies.Stream(words: new string('x', 2_000_000)));
        var started = TimeProvider.System.GetTimestamp();

        foreach (var each in bytes)
        {
            events.Free().Span[0] = each;
            events.Advance(1, pipe.Writer);
        }

        events.HasEnded.Should().BeTrue();
        TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromSeconds(20));
    }

    private static async Task<(string Passed, AnswerDigest Digest, bool HasEnded)> PassAsync(IEnumerable<byte[]> pieces, bool passesUsage = false)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var digest = new AnswerDigest();
        using var words = new OpenAiStream(digest, passesUsage);
        using var events = new EventBuffer(words);
        foreach (var piece in pieces.Where(piece => piece.Length > 0))
        {
            for (var taken = 0; taken < piece.Length && !events.HasEnded;)
            {
                var free = events.Free();
                var count = Math.Min(free.Length, piece.Length - taken);
                piece.AsMemory(taken, count).CopyTo(free);
                taken += count;
                events.Advance(count, pipe.Writer);
            }
        }

        words.Complete();
        await pipe.Writer.CompleteAsync();
        using var reader = new StreamReader(pipe.Reader.AsStream());
        return (await reader.ReadToEndAsync(), digest, events.HasEnded);
    }

    private static string Words(AnswerDigest digest) =>
        JsonNode.Parse(Encoding.UTF8.GetString(digest.Output.Span))!["content"]!.GetValue<string>();
}
