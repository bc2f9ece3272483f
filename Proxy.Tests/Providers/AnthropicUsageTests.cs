using System.Text;
using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
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
        return AnthropicUsage.Read(ref reader, known);
    }
}
