using System.Reflection;
using FluentAssertions;
using NUnit.Framework;

namespace Proxy.Tests;

/// <summary>Who may know whom.</summary>
internal sealed class ArchitectureTests
{
    private static readonly Assembly Host = typeof(Proxy.Host.Hosting.Gateway).Assembly;
    private static readonly Assembly Management = typeof(Proxy.Management.ManagementServices).Assembly;
    private static readonly Assembly Logging = typeof(Proxy.Logging.CompletionLog).Assembly;

    [Test]
    public void Management_and_logging_know_neither_each_other_nor_the_host_nor_YARP()
    {
        References(Management).Should().NotContain(["Proxy.Host", "Proxy.Logging", "Yarp.ReverseProxy"]);
        References(Logging).Should().NotContain(["Proxy.Host", "Proxy.Management", "Yarp.ReverseProxy"]);
    }

    [Test]
    public void The_host_knows_both_and_no_SQL()
    {
        References(Host).Should().Contain(["Proxy.Management", "Proxy.Logging", "Yarp.ReverseProxy"]).And.NotContain(["Dapper", "Microsoft.Data.Sqlite", "Npgsql"]);
    }

    [Test]
    public void Folders_are_named_after_what_they_do()
    {
        string[] drawers = ["Common", "Helpers", "Utils", "Services", "Interfaces", "Shared", "Extensions"];

        var namespaces = ((Assembly[])[Host, Management, Logging]).SelectMany(assembly => assembly.GetTypes()).Select(type => type.Namespace).OfType<string>();

        namespaces.SelectMany(name => name.Split('.')).Should().NotContain(drawers);
    }

    private static IEnumerable<string?> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(reference => reference.Name);
}
