using System.Reflection;

namespace Proxy.Management.Storage;

/// <summary>The numbered SQL files that are embedded in an assembly, in the order in which they apply.</summary>
public static class SchemaScripts
{
    public static IReadOnlyList<(string Name, string Sql)> In(Assembly assembly) =>
        [.. assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (name, Read(assembly, name)))];

    private static string Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
