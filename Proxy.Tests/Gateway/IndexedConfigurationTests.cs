using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using NUnit.Framework;
using Proxy.Host.Configuration;

namespace Proxy.Tests.Gateway;

/// <summary>What proxy.json and the environment say is read as ASP.NET's own configuration reads it.</summary>
internal sealed class IndexedConfigurationTests
{
    private const string Json = """
        {
          "ReverseProxy": { "Clusters": {
            "b": { "Destinations": { "one": { "Address": "http://b", "Metadata": { "Model": "*", "Tags": "" } } } },
            "a": { "Destinations": {}, "Metadata": null },
            "ab": { "HttpRequest": { "Version": 2, "Flags": [true, false, { "deep": [] }] } } } },
          "Limits": { "MaxBudget": 1.50, "List": ["x", "y", "z", "10", "11", "2", "3", "4", "5", "6", "7"] },
          "Overridden_by_test": { "In": "file", "Other": "file" },
          "Empty": "", "a:b": { "c": "with a colon" }
        }
        """;

    [Test]
    public void Every_key_has_the_value_and_the_children_that_it_has_in_the_usual_way()
    {
        Environment.SetEnvironmentVariable("Overridden_by_test__in", "environment");
        Environment.SetEnvironmentVariable("Overridden_by_test__New__Inner", "");
        var usualFile = new ConfigurationBuilder().AddJsonStream(Bytes()).Build();
        var usual = new ConfigurationBuilder().AddConfiguration(usualFile).AddEnvironmentVariables().Build();

        var (file, configuration) = IndexedConfiguration.Read(Bytes());

        // Differences alone: the environment is nobody's to print.
        Tell(file).Should().Equal(Tell(usualFile));
        var (ours, theirs) = (Tell(configuration).ToList(), Tell(usual).ToList());
        ours.Except(theirs, StringComparer.OrdinalIgnoreCase).Should().BeEmpty();
        theirs.Except(ours, StringComparer.OrdinalIgnoreCase).Should().BeEmpty();
        ours.SequenceEqual(theirs, StringComparer.OrdinalIgnoreCase).Should().BeTrue("children come in the same order");
        (configuration["Overridden_by_test:In"], configuration["Limits:List:10"]).Should().Be(("environment", "7"));
        configuration["overridden_BY_test:other"].Should().Be("file", "keys are the same in whatever case");
        configuration.GetSection("ReverseProxy:Clusters:c").Exists().Should().BeFalse();
    }

    [Test]
    public void What_is_no_JSON_is_refused()
    {
        var read = () => IndexedConfiguration.Read(new MemoryStream("""{"a": 1, "A": 2}"""u8.ToArray()));

        read.Should().Throw<FormatException>();
    }

    private static MemoryStream Bytes() => new(Encoding.UTF8.GetBytes(Json));

    private static IEnumerable<string> Tell(IConfiguration configuration) =>
        configuration.GetChildren().SelectMany(child => Tell(child).Prepend($"{child.Path} = {child.Value}"));
}
