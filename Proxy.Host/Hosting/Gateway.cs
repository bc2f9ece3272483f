using Proxy.Host.Configuration;
using Proxy.Logging.Outbox;
using Proxy.Management;
using Proxy.Management.Access;
using Proxy.Management.Models;
using Proxy.Management.Storage;

namespace Proxy.Host.Hosting;

/// <summary>The program from its start to its end.</summary>
internal static class Gateway
{
    /// <summary>The exit code when the configuration or the command line is wrong.</summary>
    public const int WrongStart = 2;

    public static async Task<int> RunAsync(GatewayOptions options)
    {
        var (app, faults) = await CreateAsync(options);
        if (app is null)
        {
            await Console.Error.WriteLineAsync(Refusal(faults));
            return WrongStart;
        }

        await using (app)
        {
            try
            {
                await app.StartAsync();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // An address that is taken or is none, a certificate that is missing: Kestrel's own words say which.
                await Console.Error.WriteLineAsync(Refusal([exception.Message]));
                return WrongStart;
            }

            Greet(app);
            await app.WaitForShutdownAsync();
        }

        return 0;
    }

    /// <summary>The program ready to run, its tables up to date; or everything that keeps it from starting.</summary>
    public static async Task<(WebApplication? App, IReadOnlyList<string> Faults)> CreateAsync(GatewayOptions options)
    {
        var file = ProxyFile.Locate(options.ConfigPath);
        var (settings, configuration, faults) = await file.ReadAsync([]);
        if (settings is null) return (null, faults);

        try
        {
            var synchronous = Enum.Parse<Synchronous>(settings.Management.Synchronous, ignoreCase: true);
            var (database, password) = DatabaseReference.Resolve(settings.Management);
            var dataFolder = DatabaseReference.DataFolderOf(settings.Management, database);
            var masterKey = MasterKey.LoadOrCreate(dataFolder, Environment.GetEnvironmentVariable(MasterKey.EnvironmentName));
            var management = new ManagementSettings(database, synchronous, masterKey, password) { IsAudited = settings.Management.Audit, AuditDays = settings.Management.AuditDays };

            var app = GatewayBuilder.Build(file, settings, configuration!, management, dataFolder, options.Urls);
            await PrepareAsync(app.Services);
            return (app, []);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException or System.Data.Common.DbException)
        {
            return (null, [exception.Message]);
        }
    }

    /// <summary>Takes the database, and brings it up to date.</summary>
    public static async Task PrepareAsync(IServiceProvider services)
    {
        _ = services.GetRequiredService<CommitQueue>(); // takes the database for itself, or says who has it
        await services.UpgradeManagementSchemaAsync();
        await services.GetRequiredService<Migrator>().ApplyAsync("logging", OutboxSchema.Scripts);
        await services.GetRequiredService<ModelChanges>().LoadAsync(services.GetRequiredService<IModelRouting>());
    }

    private static void Greet(WebApplication app)
    {
        Console.WriteLine($"The gateway listens on {string.Join(", ", app.Urls)}");
        if (app.Services.GetRequiredService<MasterKey>().NewKey is { } key)
            Console.WriteLine($"Admin key, made just now and kept in the data folder (it is not shown again): {key}");
    }

    private static string Refusal(IReadOnlyList<string> faults) => faults.Count == 1
        ? $"The gateway cannot start: {faults[0]}"
        : $"The gateway cannot start, for {faults.Count} reasons:{Environment.NewLine}{string.Join(Environment.NewLine, faults.Select(fault => "- " + fault))}";
}
