using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Proxy.Benchmarks.Load.Subjects;

/// <summary>How much bare YARP says while it works; nothing else of it is set.</summary>
internal enum YarpLogging
{
    /// <summary>As the web template has it: YARP's own two lines for each call go to the console.</summary>
    Template,

    /// <summary>The usual builder with its console, which has nothing to say. What everything is measured against.</summary>
    Warnings,

    /// <summary>Nobody listens, so that no activity is made for a call either.</summary>
    None,
}

/// <summary>YARP as its own introduction has it: the usual builder, one route, one cluster, every setting at its default.</summary>
internal static class BareYarp
{
    public const string Name = "bare YARP";

    public static string NameOf(YarpLogging logging) => logging switch
    {
        YarpLogging.Template => Name + ", a line per call",
        YarpLogging.None => Name + ", silent",
        _ => Name,
    };

    public static async Task<Subject> StartAsync(int core, int providerPort, YarpLogging logging = YarpLogging.Warnings)
    {
        var port = MeasuredProcess.FreePort();
        var process = await MeasuredProcess.StartAsync(
            core, port, AppContext.BaseDirectory, new Dictionary<string, string>(),
            "dotnet", Path.Combine(AppContext.BaseDirectory, "Proxy.Benchmarks.dll"), LoadCommand.BareYarpVerb, port.ToString(), providerPort.ToString(), logging.ToString());
        return new Subject(NameOf(logging), port, Key: null, process) { IsVariant = logging != YarpLogging.Warnings };
    }

    /// <summary>The program of that process.</summary>
    public static async Task<int> RunAsync(int port, int providerPort, YarpLogging logging)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(Settings(providerPort, logging));
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        if (logging == YarpLogging.None) builder.Logging.ClearProviders();
        builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));

        var app = builder.Build();
        app.MapReverseProxy();
        await app.RunAsync();
        return 0;
    }

    private static Dictionary<string, string?> Settings(int providerPort, YarpLogging logging) => new()
    {
        ["Logging:LogLevel:Default"] = logging == YarpLogging.Template ? "Information" : "Warning",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["ReverseProxy:Routes:all:ClusterId"] = "provider",
        ["ReverseProxy:Routes:all:Match:Path"] = "{**rest}",
        ["ReverseProxy:Clusters:provider:Destinations:one:Address"] = $"http://127.0.0.1:{providerPort}",
    };
}
