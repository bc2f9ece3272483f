using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace Proxy.Host.Configuration;

/// <summary>Settings in one place, whose keys know their children.</summary>
/// <remarks>The usual providers look through all their keys for the children of one, so that each of 2,000 models would be looked for among the keys of all, several times.</remarks>
internal sealed class IndexedConfiguration : ConfigurationProvider, IConfigurationSource
{
    private readonly List<string> _topKeys = [];
    private readonly Dictionary<string, List<string>> _keysByParent = new(StringComparer.OrdinalIgnoreCase);

    private IndexedConfiguration(IDictionary<string, string?> settings)
    {
        Data = settings;
        foreach (var path in settings.Keys) Index(path);
        _topKeys.Sort(ConfigurationKeyComparer.Instance);
        foreach (var keys in _keysByParent.Values) keys.Sort(ConfigurationKeyComparer.Instance);
    }

    /// <summary>What a file says, and the same with the environment over it.</summary>
    /// <exception cref="FormatException">It is not JSON, or says something twice.</exception>
    public static (IConfiguration File, IConfiguration Configuration) Read(Stream json)
    {
        var file = new JsonSettings();
        file.Load(json);
        var environment = new EnvironmentSettings();
        environment.Load();

        var settings = new Dictionary<string, string?>(file.Settings.Count + environment.Settings.Count, StringComparer.OrdinalIgnoreCase);

        // An empty text of the file means nothing, as in configuration that is chained.
        foreach (var (path, value) in file.Settings) settings[path] = value is "" ? null : value;
        foreach (var (path, value) in environment.Settings) settings[path] = value;
        return (ReadOnly(file.Settings), ReadOnly(settings));
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
    {
        var keys = parentPath is null ? _topKeys : _keysByParent.GetValueOrDefault(parentPath) ?? [];
        var earlier = earlierKeys.ToList();
        return earlier.Count == 0 ? keys : earlier.Concat(keys).Order(ConfigurationKeyComparer.Instance);
    }

    private static IConfigurationRoot ReadOnly(IDictionary<string, string?> settings) => new ConfigurationBuilder().Add(new IndexedConfiguration(settings)).Build();

    /// <summary>Each start of the path that ends before a colon is the parent of the segment behind it.</summary>
    /// <remarks>A key with a value and children is told twice to its parent; who asks for children passes over that.</remarks>
    private void Index(string path)
    {
        var parents = _keysByParent.GetAlternateLookup<ReadOnlySpan<char>>();
        var rest = path.AsSpan();
        for (var cut = rest.LastIndexOf(':'); cut >= 0; cut = rest.LastIndexOf(':'))
        {
            var segment = rest[(cut + 1)..].ToString();
            rest = rest[..cut];
            if (parents.TryGetValue(rest, out var siblings))
            {
                siblings.Add(segment);
                return;
            }

            parents[rest] = [segment];
        }

        _topKeys.Add(rest.ToString());
    }

    private sealed class JsonSettings() : JsonStreamConfigurationProvider(new JsonStreamConfigurationSource())
    {
        public IDictionary<string, string?> Settings => Data;
    }

    private sealed class EnvironmentSettings : EnvironmentVariablesConfigurationProvider
    {
        public IDictionary<string, string?> Settings => Data;
    }
}
