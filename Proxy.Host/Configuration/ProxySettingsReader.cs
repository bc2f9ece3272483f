using System.ComponentModel.DataAnnotations;
using Proxy.Host.Models;
using Proxy.Logging;

namespace Proxy.Host.Configuration;

/// <summary>Turns configuration into <see cref="ProxySettings"/>, or into the list of everything that is wrong with it.</summary>
internal static class ProxySettingsReader
{
    private static readonly string[] Sections =
        ["ReverseProxy", ManagementOptions.Section, RequestOptions.Section, "CompletionLog", PriceReader.Section, "Logging", "Kestrel", "Urls", "AllowedHosts", "$schema"];

    /// <param name="configuration">The file with the environment over it.</param>
    /// <param name="file">The file alone: only there is an unknown section a mistake.</param>
    public static async Task<(ProxySettings? Settings, IReadOnlyList<string> Faults)> ReadAsync(IConfiguration configuration, IConfiguration file)
    {
        var faults = new List<string>();
        var warnings = new List<string>();

        foreach (var section in file.GetChildren().Where(section => !Sections.Contains(section.Key, StringComparer.OrdinalIgnoreCase)))
            faults.Add($"The section '{section.Key}' is not known; known are {string.Join(", ", Sections)}.");

        var management = Bind<ManagementOptions>(configuration, ManagementOptions.Section, faults);
        var requests = Bind<RequestOptions>(configuration, RequestOptions.Section, faults);
        var completionLog = Bind<CompletionLogOptions>(configuration, "CompletionLog", faults);
        var prices = PriceReader.Read(configuration, faults);
        var (routes, clusters) = await ReverseProxyReader.ReadAsync(configuration.GetSection("ReverseProxy"), faults);
        var models = ModelReader.Read(clusters, faults, warnings);

        if (faults.Count > 0) return (null, faults);

        return (new ProxySettings
        {
            Routes = RouteReader.Complete(routes),
            Clusters = [.. clusters.Select(ModelReader.Prepare), RouteReader.PlaceholderCluster],
            Models = new ModelCatalog(models),
            Prices = prices,
            Requests = requests,
            CompletionLog = completionLog,
            Management = management,
            Warnings = warnings,
        }, []);
    }

    private static T Bind<T>(IConfiguration configuration, string section, List<string> faults)
        where T : new()
    {
        var options = new T();
        try
        {
            configuration.GetSection(section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            // The inner exception says what a value should have been.
            faults.Add($"{section}: {exception.Message} {exception.InnerException?.Message}".TrimEnd());
            return options;
        }

        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        faults.AddRange(results.Select(result => $"{section}: {result.ErrorMessage}"));
        return options;
    }
}
