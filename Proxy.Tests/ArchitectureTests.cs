using System.Reflection;
using FluentAssertions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.ApiDescription;
using Proxy.Tests.Gateway;

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

    /// <summary>One cast is enough to load the binder of C#, and to have it compiled.</summary>
    [Test]
    public void Nothing_is_bound_at_run_time()
    {
        foreach (var assembly in (Assembly[])[Host, Management, Logging]) References(assembly).Should().NotContain("Microsoft.CSharp");
    }

    [Test]
    public void Folders_are_named_after_what_they_do()
    {
        string[] drawers = ["Common", "Helpers", "Utils", "Services", "Interfaces", "Shared", "Extensions"];

        var namespaces = ((Assembly[])[Host, Management, Logging]).SelectMany(assembly => assembly.GetTypes()).Select(type => type.Namespace).OfType<string>();

        namespaces.SelectMany(name => name.Split('.')).Should().NotContain(drawers);
    }

    /// <summary>Who adds an endpoint or a field describes it: a line in the <c>…Descriptions</c> of its folder, and one per new field in <c>field-words.txt</c>.</summary>
    [Test]
    public async Task Every_endpoint_is_described_with_all_its_fields_and_nothing_is_described_that_is_not_there()
    {
        await using var gateway = await TestGateway.StartAsync();
        var descriptions = gateway.Services.GetRequiredService<EndpointDescriptions>();
        var mapped = gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Select(method => (method, endpoint)))
            .ToList();

        mapped.Where(route => descriptions.Find(route.method, route.endpoint.RoutePattern.RawText) is null)
            .Select(route => $"{route.method} {route.endpoint.RoutePattern.RawText}").Should().BeEmpty("each needs a description");
        var found = mapped.Select(route => descriptions.Find(route.method, route.endpoint.RoutePattern.RawText)).ToHashSet();
        descriptions.All.Where(description => !description.IsOpen && !found.Contains(description)).Select(description => description.Path).Should().BeEmpty();
        var fields = descriptions.All.SelectMany(description => description.Fields)
            .Concat(mapped.SelectMany(route => QueryParameters.Of(descriptions.Find(route.method, route.endpoint.RoutePattern.RawText)!, route.endpoint)));
        fields.Select(field => field.Name).Distinct().Where(name => FieldWords.Find(name) is null).Should().BeEmpty("each needs a line in field-words.txt");
        descriptions.All.SelectMany(description => description.Required.Concat(description.Shown).Where(name => description.FindField(name) is null)).Should().BeEmpty();
    }

    private static IEnumerable<string?> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(reference => reference.Name);
}
