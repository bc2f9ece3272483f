using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Langfuse;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

public sealed class OtlpSpanTests
{
    [Test]
    public void A_streamed_call_has_everything_that_Langfuse_reads()
    {
        var record = Some.Record("generation") with
        {
            TraceId = "0af7651916cd43dd8448eb211c80319c",
            SpanId = "b7ad6b7169203331",
            FirstTokenAt = new(2026, 11, 21, 20, 29, 56, 900, TimeSpan.Zero),
            UpstreamModel = "gpt-4o-2024-08-06",
            Provider = "openai",
            UserId = "user-42",
            SessionId = "sess-9",
            Tags = ["team-a", "gpt-4o"],
            Metadata = new Dictionary<string, string> { ["key_alias"] = "\"ci\"", ["attempt"] = "1" },
            TraceMetadata = new Dictionary<string, string> { ["team"] = "\"team-a\"" },
            Parameters = Some.Json("""{"temperature":0.2,"tools":[{"a":1}]}"""),
            Usage = new(7, 3, 2, 5, 1),
            Cost = new(0.00001m, 0.00002m),
            Environment = "Production",
            Release = "2026.11.21",
            Version = "v3",
        };

        var span = Write(record);

        (span.TraceId, span.SpanId, span.Name, span.StatusCode)
            .Should().Be(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "generation", 1));
        (span.StartedAt, span.EndedAt).Should().Be((record.StartedAt, record.EndedAt));
        span.Keys.Where(key => key != "langfuse.trace.tags").ToDictionary(key => key, key => span[key])
            .Should().BeEquivalentTo(new Dictionary<string, string?>
            {
                ["langfuse.trace.name"] = "chat-completions",
                ["langfuse.user.id"] = "user-42",
                ["langfuse.session.id"] = "sess-9",
                ["langfuse.environment"] = "production",
                ["langfuse.release"] = "2026.11.21",
                ["langfuse.version"] = "v3",
                ["langfuse.trace.metadata.team"] = "team-a",
                ["langfuse.observation.type"] = "generation",
                ["langfuse.observation.level"] = "DEFAULT",
                ["langfuse.observation.model.name"] = "gpt-4o-2024-08-06",
                ["langfuse.observation.model.parameters"] = """{"temperature":0.2,"tools":[{"a":1}]}""",
                ["langfuse.observation.input"] = """[{"role":"user","content":"hi"}]""",
                ["langfuse.observation.output"] = """{"role":"assistant","content":"hello"}""",
                ["langfuse.observation.completion_start_time"] = "2026-11-21T20:29:56.9000000Z",
                ["langfuse.observation.usage_details"] =
                    """{"input":7,"input_cached_tokens":3,"input_cache_creation":2,"output":5,"output_reasoning_tokens":1,"total":18}""",
                ["langfuse.observation.cost_details"] = """{"input":0.00001,"output":0.00002,"total":0.00003}""",
                ["langfuse.observation.metadata.key_alias"] = "ci",
                ["langfuse.observation.metadata.attempt"] = "1",
                ["langfuse.observation.metadata.call_id"] = $"{record.Id}",
                ["langfuse.observation.metadata.provider"] = "openai",
                ["langfuse.observation.metadata.requested_model"] = "gpt-4o",
            });
        span.List("langfuse.trace.tags").Should().Equal("team-a", "gpt-4o");
    }

    [Test]
    public void What_a_record_does_not_know_is_left_out()
    {
        var span = Write(Some.Record() with { Model = null, Input = default, Output = default });

        span.Keys.Should().BeEquivalentTo(
            "langfuse.trace.name", "langfuse.observation.type", "langfuse.observation.level", "langfuse.observation.metadata.call_id");
    }

    [TestCase(CompletionLevel.Default, "DEFAULT", 1)]
    [TestCase(CompletionLevel.Warning, "WARNING", 1)]
    [TestCase(CompletionLevel.Error, "ERROR", 2)]
    public void A_level_is_told_in_both_ways(CompletionLevel level, string text, int code)
    {
        var span = Write(Some.Record() with { Level = level, StatusMessage = "The provider answered 500." });

        (span["langfuse.observation.level"], span.StatusCode, span["langfuse.observation.status_message"])
            .Should().Be((text, code, "The provider answered 500."));
    }

    [TestCase("chat", "generation")]
    [TestCase("text_completion", "generation")]
    [TestCase("embeddings", "embedding")]
    public void The_operation_gives_the_type(string operation, string type) =>
        Write(Some.Record() with { Operation = operation })["langfuse.observation.type"].Should().Be(type);

    [TestCase("\"plain \\\"text\\\" 😀\\n\"", "plain \"text\" 😀\n")]
    [TestCase("{\"a\": \"b\\n\"}", "{\"a\": \"b\\n\"}")]
    [TestCase("<html>\u0001\t\"502\"</html>", "<html>\u0001\t\"502\"</html>")]
    [TestCase("\"never closed", "\"never closed")]
    [TestCase("\"two\" \"strings\"", "\"two\" \"strings\"")]
    [TestCase("\"half a pair \\ud83d\"", "\"half a pair \\ud83d\"")]
    public void Structures_go_as_JSON_text_and_text_as_text(string output, string attribute) =>
        Write(Some.Record() with { Output = Some.Json(output) })["langfuse.observation.output"].Should().Be(attribute);

    [Test]
    public void Bytes_that_are_no_text_do_not_poison_the_request()
    {
        var span = Write(Some.Record() with { Output = new byte[] { (byte)'a', 0xff, 0xfe, (byte)'b' } });

        span["langfuse.observation.output"].Should().Be("a\uFFFD\uFFFDb");
    }

    [Test]
    public void Half_a_surrogate_pair_in_a_name_does_not_poison_the_request()
    {
        var span = Write(Some.Record() with { UserId = "user \ud83d", Tags = ["\ude00"] });

        span["langfuse.user.id"].Should().Be("user \uFFFD");
    }

    [Test]
    public void Long_labels_are_cut_to_what_Langfuse_keeps()
    {
        var longText = new string('x', 199) + "😀";
        var span = Write(Some.Record() with
        {
            UserId = longText,
            SessionId = longText,
            Tags = [longText],
            Metadata = new Dictionary<string, string> { ["note"] = $"\"{longText}\"" },
            Environment = longText,
        });

        new[] { span["langfuse.user.id"], span["langfuse.session.id"], span.List("langfuse.trace.tags")[0], span["langfuse.observation.metadata.note"] }
            .Should().AllBe(new string('x', 199));
        span["langfuse.environment"].Should().HaveLength(40);
    }

    [TestCase("__proto__")]
    [TestCase("a.constructor.b")]
    [TestCase("prototype.x")]
    public void Names_that_reach_into_prototypes_are_dropped(string name)
    {
        var facts = new Dictionary<string, string> { [name] = "1", ["safe"] = "1" };
        var span = Write(Some.Record() with { Metadata = facts, TraceMetadata = facts });

        span.Keys.Should().NotContain(key => key.Contains(name)).And.Contain("langfuse.trace.metadata.safe");
    }

    [TestCase(1)]
    [TestCase(100)]
    [TestCase(126)]
    [TestCase(127)]
    [TestCase(128)]
    [TestCase(16_383)]
    [TestCase(16_384)]
    [TestCase(2_097_152)]
    public void Texts_of_all_lengths_come_whole(int length)
    {
        var text = new string('x', length);
        var span = Write(Some.Record() with { Output = Some.Json(text), Tags = [text], TraceMetadata = new Dictionary<string, string> { [text] = text } });

        var label = text[..Math.Min(length, 200)];
        (span["langfuse.observation.output"], span.List("langfuse.trace.tags")[0], span[$"langfuse.trace.metadata.{label}"]).Should().Be((text, label, label));
    }

    [Test]
    public void Records_one_behind_the_other_are_one_request()
    {
        var records = Enumerable.Range(0, 3).Select(i => Some.Record($"{i}")).ToList();
        var output = new PooledBuffer(16);
        foreach (var record in records) LangfuseSpans.Write(output, record);

        FakeSpan.ReadAll(OtlpReader.Read(output.Written.ToArray())).Select(span => span.SpanId).Should().Equal(records.Select(record => record.SpanId));
    }

    /// <summary>Through the outbox's form and a whole request, as on the way.</summary>
    private static FakeSpan Write(CompletionRecord record)
    {
        var output = new PooledBuffer(1024);
        LangfuseSpans.Write(output, RecordJson.Read(Some.Stored(record)));
        return FakeSpan.ReadAll(OtlpReader.Read(output.Written.ToArray())).Single();
    }
}
