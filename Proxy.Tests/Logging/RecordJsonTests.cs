using System.Text;
using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

public sealed class RecordJsonTests
{
    private const int MaxFieldBytes = 1_000;

    [Test]
    public void A_record_comes_back_as_it_was()
    {
        var record = Some.Record() with
        {
            ParentSpanId = "b7ad6b7169203331",
            IsAddedToTrace = true,
            FirstTokenAt = DateTimeOffset.UnixEpoch.AddTicks(12_345_678),
            Level = CompletionLevel.Warning,
            StatusMessage = "\"quoted\"\n",
            UpstreamModel = "gpt-4o-2024",
            Provider = "openai",
            UserId = "user 😀",
            SessionId = "s\\1",
            Tags = ["ä", "b"],
            Metadata = new Dictionary<string, string> { ["team"] = "\"x\"", ["\"odd\" name"] = "1" },
            TraceMetadata = new Dictionary<string, string> { ["a"] = "{\"b\":[null]}" },
            Parameters = Some.Json("{}"),
            Usage = new(1, 2, 3, 4, 5),
            Cost = new(0.000000000001m, 2m),
            Environment = "test",
            Attempts =
            [
                new("0000000000000001", "gpt/a", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddTicks(1), "gpt", "azure", 503, "It is full."),
                new("0000000000000002", "gpt/b", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch),
            ],
            HasAttemptSpans = true,
            PromptName = "greeting",
            PromptVersion = 3,
            SetsTraceInput = true,
            SetsTraceOutput = true,
            Release = "r1",
            Version = "v1",
        };

        var back = RecordJson.Read(Some.Stored(record, MaxFieldBytes));

        // What is added to records must be added here, so that it cannot be forgotten where they are written.
        typeof(CompletionRecord).GetProperties().Where(property => Equals(property.GetValue(record), Default(property.PropertyType))).Should().BeEmpty();
        back.Should().BeEquivalentTo(record, options => options.Excluding(call => call.Input).Excluding(call => call.Output).Excluding(call => call.Parameters));
        (Text(back.Input), Text(back.Output), Text(back.Parameters)).Should().Be((Text(record.Input), Text(record.Output), "{}"));
    }

    [Test]
    public void The_stored_form_is_plain_JSON()
    {
        using var document = JsonDocument.Parse(Some.Stored(Some.Record(), MaxFieldBytes));

        document.RootElement.GetProperty("input")[0].GetProperty("content").GetString().Should().Be("hi");
    }

    [Test]
    public void A_body_that_is_no_JSON_comes_back_as_it_was()
    {
        var record = Some.Record() with { Input = Some.Json("}}},\"output\":"), Output = Some.Json("<html>") };

        var back = RecordJson.Read(Some.Stored(record, MaxFieldBytes));

        (Text(back.Input), Text(back.Output)).Should().Be(("}}},\"output\":", "<html>"));
    }

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("!!!")]
    [TestCase("{\"head\":{}}")]
    [TestCase("{\"head\":null}")]
    public void Anything_else_is_refused(string body)
    {
        var read = () => RecordJson.Read(Encoding.UTF8.GetBytes(body));

        read.Should().Throw<JsonException>();
    }

    [Test]
    public void A_body_that_was_cut_short_is_refused()
    {
        var body = Some.Stored(Some.Record(), MaxFieldBytes);
        var read = () => RecordJson.Read(body.AsMemory(0, body.Length - 10));

        read.Should().Throw<JsonException>();
    }

    [TestCase("x")]
    [TestCase("ä")]
    [TestCase("😀")]
    [TestCase("\"")]
    [TestCase("a\n\"\\ü")]
    public void A_large_field_loses_its_middle_and_says_so(string piece)
    {
        var original = "head" + string.Concat(Enumerable.Repeat(piece, 2_000)) + "tail";
        var record = Some.Record() with { Input = Some.Json(original) };

        var back = RecordJson.Read(Some.Stored(record, MaxFieldBytes));

        back.Input.Length.Should().BeInRange(MaxFieldBytes - 150, MaxFieldBytes);
        var text = JsonDocument.Parse(back.Input).RootElement.GetString();
        text.Should().StartWith("head" + piece).And.EndWith(piece + "tail").And.Contain("bytes cut").And.NotContain("\uFFFD");
        back.Metadata.Should().Contain("truncated", "true").And.Contain("original_bytes", $"{Encoding.UTF8.GetByteCount(original)}");
        Text(back.Output).Should().Be(Text(record.Output));
    }

    [Test]
    public void A_field_that_just_fits_is_kept()
    {
        var field = "[" + new string('1', MaxFieldBytes - 2) + "]";

        var back = RecordJson.Read(Some.Stored(Some.Record() with { Output = Some.Json(field) }, MaxFieldBytes));

        (Text(back.Output), back.Metadata.Count).Should().Be((field, 0));
    }

    private static object? Default(Type type) => type.IsValueType ? Activator.CreateInstance(type) : null;

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
