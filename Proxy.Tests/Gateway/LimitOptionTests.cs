using FluentAssertions;
using Microsoft.Extensions.Configuration;
using NUnit.Framework;
using Proxy.Host.Configuration;

namespace Proxy.Tests.Gateway;

/// <summary>The section of what the whole gateway may use.</summary>
internal sealed class LimitOptionTests
{
    [TestCase("MaxBudget", "-0.01")]
    [TestCase("MaxBudget", "9000000.5")]
    [TestCase("SoftBudget", "-0.01")]
    [TestCase("SoftBudget", "9000000.5")]
    public void A_part_of_a_dollar_beyond_the_bounds_is_beyond_them(string setting, string value)
    {
        var faults = new List<string>();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create<string, string?>($"Limits:{setting}", value)]).Build();

        SectionReader.Read<LimitOptions>(configuration.GetSection(LimitOptions.Section), faults);

        faults.Should().ContainSingle().Which.Should().Contain(setting);
    }
}
