using Proxy.Host.Configuration;
using Proxy.Logging.Outbox;
using Proxy.Management;
using Proxy.Management.Access;
using Proxy.Management.Storage;

namespace Proxy.Host.Hosting;

/// <summary>The program from its start to its end.</summary>
internal static class Gateway
{
    /// <summary>The exit code when the configuration or the command line is wrong.</summary>
    public const int WrongStart = 2;

    private const string MasterKeyVariable = "PROXY_MASTER_KEY";

    public static async Task<int> RunAsync(GatewayOptions options)
    {
        var file = ProxyFile.Locate(options.ConfigPath);
        var (settings, configuration, faults) = await file.ReadAsync();
        if (settings is null) return await RefuseAsync(faults);

        MasterKey masterKey;
        Database database;
        try
        {
            database = new Database(settings.Management.Database, Enum.Parse<Synchronous>(settings.Management.Synchronous, ignoreCase: true));
            masterKey = MasterKey.LoadOrCreate(Path.GetDirectoryName(database.Path)!, Environment.GetEnvironmentVariable(MasterKeyVariable));
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return await RefuseAsync([exception.Message]);
        }

        await using var app = GatewayBuilder.Build(file, settings, configuration!, database, masterKey, options.Urls);
        var migrator = app.Services.GetRequiredService<Migrator>();
        await migrator.ApplyAsync("management", SchemaScripts.In(typeof(Database).Assembly));
        await migrator.ApplyAsync("logging", OutboxSchema.Scripts);

        app.Lifetime.ApplicationStarted.Register(() => Greet(app, masterKey));
        await app.RunAsync();
        return 0;
    }

    private static void Greet(WebApplication app, MasterKey masterKey)
    {
        Console.WriteLine($"The gateway listens on {string.Join(", ", app.Urls)}");
        if (masterKey.Created is { } key) Console.WriteLine($"Admin key, made just now and kept in {masterKey.Path}: {key}");
    }

    private static async Task<int> RefuseAsync(IReadOnlyList<string> faults)
    {
        await Console.Error.WriteLineAsync(faults.Count == 1
            ? $"The gateway cannot start: {faults[0]}"
            : $"The gateway cannot start, for {faults.Count} reasons:{Environment.NewLine}{string.Join(Environment.NewLine, faults.Select(fault => "- " + fault))}");
        return WrongStart;
    }
}
