using Proxy.Host.Models;

namespace Proxy.Host.Configuration;

/// <summary>Reads the section <c>ModelGroupAlias</c>: other names that clients may use for a model.</summary>
internal static class AliasReader
{
    public const string Section = "ModelGroupAlias";

    public static IReadOnlyDictionary<string, string> Read(IConfiguration configuration, IReadOnlyCollection<ModelCluster> models, List<string> faults)
    {
        var aliases = new Dictionary<string, string>(StringComparer.Ordinal);
        var names = models.SelectMany(model => model.Names).ToHashSet(StringComparer.Ordinal);

        // A colon in a name is also configuration's separator: the path below the section is the name.
        foreach (var (alias, model) in configuration.GetSection(Section).AsEnumerable(makePathsRelative: true))
        {
            if (model is null || alias.Length == 0) continue;

            if (names.Contains(alias)) faults.Add($"{Section}: '{alias}' is the name of a model already.");
            else if (!ModelReader.IsServed(model, names))
                faults.Add($"{Section}: '{alias}' stands for '{model}', which no cluster serves.");
            else aliases[alias] = model;
        }

        return aliases;
    }
}
