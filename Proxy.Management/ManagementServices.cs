using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Proxy.Management.Access;
using Proxy.Management.Callbacks;
using Proxy.Management.Health;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management;

/// <summary>What the management rooms need to know at start.</summary>
/// <param name="Database"><c>sqlite:PATH</c>.</param>
/// <param name="Synchronous">What a commit waits for.</param>
/// <param name="MasterKey">The key that may do everything.</param>
public sealed record ManagementSettings(string Database, Synchronous Synchronous, MasterKey MasterKey);

/// <summary>The entry points of this assembly.</summary>
public static class ManagementServices
{
    /// <summary>The owner of this assembly's schema scripts.</summary>
    public const string SchemaOwner = "management";

    /// <summary>This assembly's schema. Apply it with the <see cref="Migrator"/> before the first call.</summary>
    public static IReadOnlyList<(string Name, string Sql)> SchemaScripts => Storage.SchemaScripts.In(typeof(ManagementServices).Assembly);

    /// <summary>Adds everything here. The program must add data protection itself, as it knows where the keys may be.</summary>
    /// <exception cref="ArgumentException">The database setting is of no known form.</exception>
    public static IServiceCollection AddProxyManagement(this IServiceCollection services, ManagementSettings settings)
    {
        services.AddSingleton(new Database(settings.Database, settings.Synchronous));
        services.AddSingleton(settings.MasterKey);
        services.Configure<RouteOptions>(options => options.SetParameterPolicy<RegexInlineRouteConstraint>("regex"));

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Migrator>();
        services.AddSingleton<CommitQueue>();
        services.AddSingleton<CallbackVault>();
        services.AddSingleton<TeamStore>();
        services.AddSingleton<TeamRing>();
        services.AddSingleton<TeamChanges>();
        services.AddSingleton<KeyStore>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<KeyChanges>();
        services.AddSingleton<SpendLog>();
        services.AddSingleton(provider => new SpendLedger(
            provider.GetRequiredService<CommitQueue>(),
            provider.GetRequiredService<KeyRing>(),
            provider.GetRequiredService<TeamRing>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Authenticator(
            provider.GetRequiredService<MasterKey>(),
            provider.GetRequiredService<KeyRing>(),
            provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    /// <summary>Brings this assembly's tables up to date. Call it before the program takes requests.</summary>
    public static Task UpgradeManagementSchemaAsync(this IServiceProvider services) =>
        services.GetRequiredService<Migrator>().ApplyAsync(SchemaOwner, SchemaScripts);

    /// <summary>Maps the management API. Every endpoint says itself who may call it; nothing has to be added.</summary>
    public static IEndpointConventionBuilder MapProxyManagement(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGuardedGroup();
        group.MapHealthEndpoints();
        group.MapKeyEndpoints();
        group.MapTeamEndpoints();
        group.MapTeamCallbackEndpoints();
        if (routes.ServiceProvider.GetService<ILogging>() is not null) group.MapCallbackTestEndpoints();
        group.MapSpendEndpoints();
        return group;
    }
}
