using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Benchmarks.Load.Subjects;

/// <summary>YARP as its own introduction has it: one route, one cluster, every setting at its default. What everything is measured against.</summary>
internal static class BareYarp
{
    public const string Name = "bare YARP";

    public static async Task<Subject> StartAsync(int core, int providerPort)
    {
        var port = MeasuredProcess.FreePort();
        var process = await MeasuredProcess.StartAsync(
            core, port, AppContext.BaseDirectory, new Dictionary<string, string>(),
            "dotnet", Path.Combine(AppContext.BaseDirectory, "Proxy.Benchmarks.dll"), LoadCommand.BareYarpVerb, port.ToString(), providerPort.ToString());
        return new Subject(Name, port, Key: null, process);
    }

    /// <summary>The program of that process.</summary>
    public static async Task<int> RunAsync(int port, int providerPort)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.SetMinimumLevel(LogLevel.Warning); // a line per call would be measured instead
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "provider", Match = new RouteMatch { Path = "{**rest}" } }],
            [new ClusterConfig
            {
                ClusterId = "provider",
                Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = $"http://127.0.0.1:{providerPort}" } },
            }]);

        var app = builder.Build();
        app.MapReverseProxy();
        await app.RunAsync();
        return 0;
    }
}
