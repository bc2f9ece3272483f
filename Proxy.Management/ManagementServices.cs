using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Proxy.Management.Access;
using Proxy.Management.Alerts;
using Proxy.Management.ApiDescription;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Customers;
using Proxy.Management.Health;
using Proxy.Management.Invitations;
using Proxy.Management.Keys;
using Proxy.Management.Mail;
using Proxy.Management.Models;
using Proxy.Management.Organizations;
using Proxy.Management.Resources;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Proxy.Management.Tags;
using Proxy.Management.Teams;
using Proxy.Management.Users;

namespace Proxy.Management;

/// <summary>What the management rooms need to know at start.</summary>
/// <param name="Database"><c>sqlite:PATH</c>, or a PostgreSQL URL or connection string.</param>
/// <param name="Synchronous">What a commit waits for.</param>
/// <param name="MasterKey">The key that may do everything.</param>
/// <param name="DatabasePassword">The password of a PostgreSQL database, where <paramref name="Database"/> does not hold it.</param>
public sealed record ManagementSettings(string Database, Synchronous Synchronous, MasterKey MasterKey, string? DatabasePassword = null)
{
    /// <summary>Whether changes are written down with who made them.</summary>
    public bool IsAudited { get; init; } = true;

    /// <summary>How long that is kept; null for ever.</summary>
    public int? AuditDays { get; init; }
}

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
        var database = new Database(settings.Database, settings.Synchronous, settings.DatabasePassword);
        services.AddSingleton(_ => database); // by a delegate, so that the container disposes of it
        services.AddSingleton(settings.MasterKey);
        foreach (var description in ManagementDescriptions.All) services.AddSingleton(description);
        services.AddSingleton<EndpointDescriptions>();
        services.AddSingleton<ApiDocument>();
        services.Configure<RouteOptions>(options => options.SetParameterPolicy<RegexInlineRouteConstraint>("regex"));

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Migrator>();
        services.AddSingleton<CommitQueue>();
        AddAudit(services, settings);
        services.AddSingleton<CallbackVault>();
        AddMail(services);
        AddAccounts(services);
        AddTeams(services);
        services.AddSingleton<KeyStore>();
        services.AddSingleton<KeySecrets>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<KeyGuard>();
        services.AddSingleton<KeyDeletion>();
        services.AddSingleton<KeySight>();
        services.AddSingleton<KeyChanges>();
        services.AddSingleton<KeyList>();
        services.AddSingleton<SpendResets>();
        services.AddSingleton(provider => new KeyGenerationRules(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KeyGenerator>();
        services.AddSingleton<SpendLog>();
        services.AddSingleton<DayBook>();
        services.AddSingleton<ModelStore>();
        services.AddSingleton(provider => new ModelChanges(
            provider.GetRequiredService<ModelStore>(),
            provider.GetRequiredService<AuditedWriter>(),
            provider.GetRequiredService<ILogger<ModelChanges>>()));
        services.AddSingleton(provider => new ResourceStore(provider.GetRequiredService<Database>(), provider.GetRequiredService<AuditedWriter>()));
        services.AddSingleton<SpendRanking>();
        services.AddSingleton<SpendReport>();
        services.AddSingleton(provider => new SpendLedger(
            provider.GetRequiredService<CommitQueue>(),
            provider.GetRequiredService<KeyRing>(),
            provider.GetRequiredService<TeamRing>(),
            provider.GetRequiredService<AccountRing>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SpendLedger>>()));
        services.AddSingleton(provider => new Authenticator(
            provider.GetRequiredService<MasterKey>(),
            provider.GetRequiredService<KeyRing>(),
            provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    /// <summary>Brings this assembly's tables up to date, and reads what the whole program has spent. Call it before the program takes requests.</summary>
    public static async Task UpgradeManagementSchemaAsync(this IServiceProvider services)
    {
        await services.GetRequiredService<Migrator>().ApplyAsync(SchemaOwner, SchemaScripts);
        await services.GetRequiredService<SpendLedger>().SumAsync();
        await services.GetRequiredService<ProxyLimits>().LoadAsync();
    }

    /// <summary>Maps the management API. Every endpoint says itself who may call it; nothing has to be added.</summary>
    public static IEndpointConventionBuilder MapProxyManagement(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGuardedGroup();
        group.MapHealthEndpoints();
        group.MapDocumentEndpoints();
        group.MapKeyEndpoints();
        group.MapKeyRegeneration();
        group.MapKeyListEndpoints();
        group.MapKeyBulkUpdate();
        group.MapKeySpendEndpoints();
        group.MapTeamEndpoints();
        group.MapTeamCallbackEndpoints();
        group.MapTeamMemberEndpoints();
        group.MapTeamListEndpoints();
        group.MapTeamGrantEndpoints();
        group.MapUserEndpoints();
        group.MapUserListEndpoints();
        UserUpdates.MapUserBulkUpdate(group);
        group.MapCustomerEndpoints();
        group.MapOrganizationEndpoints();
        group.MapOrganizationMemberEndpoints();
        group.MapTagEndpoints();
        group.MapBudgetEndpoints();
        if (routes.ServiceProvider.GetService<ILogging>() is not null) group.MapCallbackTestEndpoints();
        if (routes.ServiceProvider.GetService<IModelRouting>() is not null)
        {
            group.MapModelEndpoints();
            group.MapModelInfoEndpoints();
        }

        if (routes.ServiceProvider.GetService<ICallPrices>() is not null)
        {
            group.MapCalculateEndpoint();
            group.MapTokenCounterEndpoint();
        }

        group.MapSpendEndpoints();
        group.MapSpendPageEndpoint();
        group.MapAuditEndpoints();
        group.MapGlobalSpendEndpoints();
        group.MapSpendReportEndpoint();
        group.MapActivityEndpoints();
        return group;
    }

    private static void AddAudit(IServiceCollection services, ManagementSettings settings)
    {
        services.AddSingleton<AuditShapes>();
        services.AddSingleton(provider => new AuditedWriter(
            provider.GetRequiredService<CommitQueue>(), provider.GetRequiredService<AuditShapes>(), provider.GetRequiredService<TimeProvider>(), settings.IsAudited));
        services.AddSingleton(provider => new AuditRetention(
            provider.GetRequiredService<CommitQueue>(), provider.GetRequiredService<TimeProvider>(), settings.AuditDays, provider.GetRequiredService<ILogger<AuditRetention>>()));
        services.AddSingleton(provider => new AuditTrail(provider.GetRequiredService<AuditedWriter>()));
        services.AddSingleton<AuditLog>();
    }

    private static void AddTeams(IServiceCollection services)
    {
        services.AddSingleton<TeamStore>();
        services.AddSingleton<TeamRing>();
        services.AddSingleton<OpenTeams>();
        services.AddSingleton<TeamMemberIndex>();
        services.AddSingleton<TeamDeletion>();
        services.AddSingleton<TeamDeparture>();
        services.AddSingleton<UserTeams>();
        services.AddSingleton<TeamSight>();
        services.AddSingleton<TeamChanges>();
        services.AddSingleton<OrganizationMemberIndex>();
        services.AddSingleton<OrganizationChanges>();
        services.AddSingleton<TeamMemberChanges>();
        services.AddSingleton<TeamList>();
        services.AddSingleton<UserFacts>();
        services.AddSingleton<UserUpdates>();
        services.AddSingleton<UserChanges>();
    }

    private static void AddMail(IServiceCollection services)
    {
        services.AddSingleton<MailOutbox>();
        services.AddSingleton(provider => new MailSender(
            provider.GetRequiredService<CommitQueue>(), provider.GetRequiredService<MailOutbox>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IMailSender>(provider => provider.GetRequiredService<MailSender>());
        services.AddHostedService<MailDelivery>();
        services.AddSingleton<InvitationSender>();
    }

    private static void AddAccounts(IServiceCollection services)
    {
        services.AddSingleton<BudgetCalendar>();
        services.AddSingleton<AccountStore>();
        services.AddSingleton<MemberAccounts>();
        services.AddSingleton<AccountRing>();
        services.AddSingleton<AccountChanges>();
        services.AddSingleton<AccountDeletion>();
        services.AddSingleton<BudgetResets>();
        services.AddSingleton<SharedBudgetStore>();
        services.AddSingleton<SharedBudgetChanges>();
        services.AddSingleton<AlertStore>();
        services.AddSingleton<TargetAlertStore>();
        services.AddSingleton(provider => new AlertRecipients(provider.GetRequiredService<ILogger<AlertRecipients>>()));
        services.AddSingleton(provider => new TargetAlerts(
            provider.GetRequiredService<CommitQueue>(),
            provider.GetRequiredService<TargetAlertStore>(),
            provider.GetRequiredService<AlertRecipients>(),
            provider.GetRequiredService<IMailSender>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<TargetAlerts>>()));
        services.AddSingleton(provider => new BudgetAlerts(
            provider.GetRequiredService<CommitQueue>(),
            provider.GetRequiredService<AlertStore>(),
            provider.GetRequiredService<AlertRecipients>(),
            provider.GetRequiredService<IMailSender>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<BudgetAlerts>>()));
        services.AddHostedService<BudgetSweep>();
        services.AddSingleton(provider => new ProxyLimits(
            provider.GetRequiredService<AccountRing>(),
            provider.GetRequiredService<AccountStore>(),
            provider.GetRequiredService<BudgetResets>(),
            provider.GetRequiredService<BudgetCalendar>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Cashier(
            provider.GetRequiredService<AccountRing>(),
            provider.GetRequiredService<BudgetResets>(),
            provider.GetRequiredService<BudgetAlerts>(),
            provider.GetRequiredService<TimeProvider>()));
    }
}
