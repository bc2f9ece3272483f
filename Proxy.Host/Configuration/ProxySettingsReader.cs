using Proxy.Host.Models;
using Proxy.Host.Prometheus;
using Proxy.Host.Recording;
using Proxy.Host.Rehearsals;
using Proxy.Host.Telemetry;
using Proxy.Logging;
using Proxy.Management.Models;

namespace Proxy.Host.Configuration;

/// <summary>Turns configuration into <see cref="ProxySettings"/>, or into the list of everything that is wrong with it.</summary>
internal static class ProxySettingsReader
{
    private static readonly string[] Sections =
    [
        "ReverseProxy", ManagementOptions.Section, RequestOptions.Section, RoutingOptions.Section, AliasReader.Section, LimitOptions.Section, DefaultKeyOptions.Section, UpperBoundKeyOptions.Section, KeyCreationReader.Section, TeamOptions.Section, AlertOptions.Section, MailOptions.Section,
        RehearsalOptions.Section, MetricsOptions.Section, TraceOptions.Section, CompletionLogOptions.Section, PriceReader.Section, PriceReader.MapSetting, PriceReader.UnpricedSetting, "Logging", "Kestrel", "Urls", "AllowedHosts", "$schema",
    ];

    /// <param name="configuration">The file with the environment over it.</param>
    /// <param name="file">The file alone: only there is an unknown section a mistake.</param>
    /// <param name="stored">Deployments that stand in the database.</param>
    public static async Task<(ProxySettings? Settings, IReadOnlyList<string> Faults)> ReadAsync(
        IConfiguration configuration, IConfiguration file, IReadOnlyList<StoredModel> stored)
    {
        var faults = new List<string>();
        var warnings = new List<string>();

        ReportUnknown(file, faults);

        var management = SectionReader.Read<ManagementOptions>(configuration.GetSection(ManagementOptions.Section), faults);
        DatabaseReference.Check(management, faults, warnings);
        var requests = SectionReader.Read<RequestOptions>(configuration.GetSection(RequestOptions.Section), faults);
        var routing = SectionReader.Read<RoutingOptions>(configuration.GetSection(RoutingOptions.Section), faults);
        var (alerts, mail) = ReadAlerts(configuration, faults);
        var limits = SectionReader.Read<LimitOptions>(configuration.GetSection(LimitOptions.Section), faults);
        var keys = KeyOptionsReader.Read(configuration, file, faults);
        var teams = SectionReader.Read<TeamOptions>(configuration.GetSection(TeamOptions.Section), faults);
        var (completionLog, logging) = ReadCompletionLog(configuration.GetSection(CompletionLogOptions.Section), faults);
        var (prices, refusesUnpriced) = (PriceReader.Read(configuration, faults), PriceReader.ReadRefusesUnpriced(configuration, faults));
        var rehearsal = SectionReader.Read<RehearsalOptions>(configuration.GetSection(RehearsalOptions.Section), faults);
        var (metrics, traces) = ReadTelemetry(configuration, faults);
        var (routes, stated) = await ReverseProxyReader.ReadAsync(configuration.GetSection("ReverseProxy"), faults);
        var clusters = StoredModels.AddTo(stated, stored, faults);
        var models = ModelReader.Read(clusters, faults, warnings);
        var catalog = new ModelCatalog(models.DistinctBy(model => model.Id).ToList(), AliasReader.Read(configuration, models, faults));
        var defaultFallbacks = ModelReader.Split(routing.DefaultFallbacks);
        ReportMissing(defaultFallbacks, catalog, faults);
        if (faults.Count > 0) return (null, faults);

        return (new ProxySettings
        {
            Routes = RouteReader.Complete(routes),
            Clusters = [.. clusters.Select(ClusterPreparation.Prepare), RouteReader.PlaceholderCluster],
            Models = catalog,
            AccessGroups = AccessGroups.Read(clusters),
            Alerts = alerts,
            Mail = mail,
            Keys = keys,
            Teams = teams,
            Prices = StoredModels.AddTo(prices, clusters, stored),
            RefusesUnpriced = refusesUnpriced,
            Limits = limits,
            Requests = requests,
            Routing = routing,
            DefaultFallbacks = defaultFallbacks,
            CompletionLog = completionLog,
            Logging = logging,
            Management = management,
            Rehearsal = rehearsal,
            Metrics = metrics,
            Traces = traces,
            Warnings = warnings,
        }, []);
    }

    private static (AlertOptions Alerts, MailOptions Mail) ReadAlerts(IConfiguration configuration, List<string> faults)
    {
        var alerts = SectionReader.Read<AlertOptions>(configuration.GetSection(AlertOptions.Section), faults);
        var mail = SectionReader.Read<MailOptions>(configuration.GetSection(MailOptions.Section), faults);
        if (alerts.ToRecipients().Count > 0 && mail.Host is null) faults.Add($"{AlertOptions.Section}: MailTo needs the section {MailOptions.Section}.");
        return (alerts, mail);
    }

    private static (CompletionLogOptions Options, GlobalLogging Targets) ReadCompletionLog(IConfigurationSection section, List<string> faults) => (
        SectionReader.Read<CompletionLogOptions>(CompletionLogReader.WithoutTargets(section), faults),
        CompletionLogReader.Read(section, faults));

    private static (MetricsOptions Metrics, TraceOptions Traces) ReadTelemetry(IConfiguration configuration, List<string> faults) => (
        SectionReader.Read<MetricsOptions>(configuration.GetSection(MetricsOptions.Section), faults),
        SectionReader.Read<TraceOptions>(configuration.GetSection(TraceOptions.Section), faults));

    private static void ReportUnknown(IConfiguration file, List<string> faults) => faults.AddRange(
        from section in file.GetChildren()
        where !Sections.Contains(section.Key, StringComparer.OrdinalIgnoreCase)
        select $"The section '{section.Key}' is not known; known are {string.Join(", ", Sections)}.");

    private static void ReportMissing(IReadOnlyList<string> fallbacks, ModelCatalog catalog, List<string> faults) => faults.AddRange(
        from model in fallbacks
        where catalog.Find(model) is null
        select $"{RoutingOptions.Section}:DefaultFallbacks names '{model}', which no cluster serves.");
}
