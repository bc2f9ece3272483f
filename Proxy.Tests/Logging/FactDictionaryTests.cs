using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Langfuse;
using Proxy.Logging.OpenTelemetry;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>What a record says of its key and team is shared by many records, and is written as if it were its own.</summary>
internal sealed class FactDictionaryTests
{
    private static readonly Dictionary<string, string> Team = new() { ["team"] = "\"red\"", ["say \"hi\""] = "\"ä\\n\"", ["__proto__"] = "1", ["long"] = $"\"{new string('x', 300)}\"" };

    private static readonly Dictionary<string, string> Own = new() { ["call"] = "\"a\"", ["status"] = "200" };

    private static readonly LogTarget Target = new(new Uri("http://127.0.0.1"), "pk", "sk");

    private static readonly TestCaseData[] Formats =
    [
        Format("the outbox", RecordJson.Write),
        Format("Langfuse, by OTLP", (output, record) => LangfuseSpans.Write(output, record)),
        Format("Langfuse, of old", (output, record) => LegacyFormat.Instance.Write(output, record, Target)),
        Format("a collector", (output, record) => GenAiFormat.Instance.Write(output, record, Target)),
        Format("lines", RecordLine.Write),
    ];

    [TestCaseSource(nameof(Formats))]
    public void Shared_facts_are_in_every_record_as_its_own_would_be(Action<PooledBuffer, CompletionRecord> write)
    {
        var shared = new SharedFacts([.. Team]);
        foreach (var own in new[] { Own, [], new() { ["other"] = "null" } })
        {
            var facts = new FactDictionary(shared, own.Count);
            foreach (var (name, value) in own) facts.Set(name, value);

            Written(write, facts).Should().Be(Written(write, Team.Concat(own).ToDictionary()));
        }
    }

    [Test]
    public void A_record_says_nothing_else_of_its_team_than_the_others_do()
    {
        var facts = new FactDictionary(new([.. Team]), capacity: 2);

        facts.Set("team", "\"forged\"");
        facts.Set("note", "1");
        facts.Set("note", "2");
        facts.Set("gone", "1");
        facts.Remove("gone");
        facts.Remove("team");

        facts.Should().BeEquivalentTo(new Dictionary<string, string>(Team) { ["note"] = "2" });
        (facts.Count, facts["team"], facts["note"]).Should().Be((5, "\"red\"", "2"));
        (facts.ContainsKey("team"), facts.ContainsKey("note"), facts.ContainsKey("gone")).Should().Be((true, true, false));
        facts.Invoking(some => some["gone"]).Should().Throw<KeyNotFoundException>();
    }

    private static string Written(Action<PooledBuffer, CompletionRecord> write, IReadOnlyDictionary<string, string> facts)
    {
        var output = new PooledBuffer(16);
        write(output, Record with { Metadata = facts });
        return Encoding.Latin1.GetString(output.Written.Span);
    }

    private static CompletionRecord Record { get; } = Some.Record();

    private static TestCaseData Format(string name, Action<PooledBuffer, CompletionRecord> write) => new TestCaseData(write).SetArgDisplayNames(name);
}
