using System.Text;
using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Host.Providers.Anthropic;
using Proxy.Management.Spend;

namespace Proxy.Tests.Providers;

internal sealed class AnthropicUsageTests
{
    private static readonly TokenUsage Known = new(7, 0, 0, 1, 0);

    [Test]
    public void What_a_later_event_does_not_state_stays()
    {
        Read("""{"output_tokens":5}""", Known).Should().Be(Known with { Output = 5 });
    }

    [TestCase("""{"input_tokens":1,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10}}""", 20, 10)]
    [TestCase("""{"cache_creation":{"ephemeral_1h_input_tokens":10},"cache_creation_input_tokens":30}""", 20, 10)]
    [TestCase("""{"cache_creation_input_tokens":30,"cache_creation":null}""", 30, 0)]
    [TestCase("""{"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":10}}""", 0, 5)]
    public void What_is_cached_for_an_hour_is_told_apart(string usage, long write, long writeHour)
    {
        var read = Read(usage, known: null)!.Value;

        (read.CacheWrite, read.CacheWriteHour).Should().Be((write, writeHour));
        Read("""{"output_tokens":5}""", read).Should().Be(read with { Output = 5 });
    }

    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("""{"input_tokens":1e12}""")]
    [TestCase("""{"output_tokens":9223372036854775807}""")]
    public void What_cannot_be_true_is_not_said(string usage)
    {
        Read(usage, known: null).Should().BeNull();
    }

    private static TokenUsage? Read(string usage, TokenUsage? known)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($"{{\"usage\":{usage}}}"));
        reader.Read();
        reader.Read();
        var digest = new AnswerDigest { Usage = known };
        AnthropicUsage.Read(ref reader, digest);
        return digest.Usage;
    }
}
