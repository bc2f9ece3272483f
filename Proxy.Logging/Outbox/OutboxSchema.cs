namespace Proxy.Logging.Outbox;

/// <summary>The tables of the outbox, as numbered scripts that the owner of the database runs once each.</summary>
public static class OutboxSchema
{
    public static IReadOnlyList<(string Name, string Sql)> Scripts { get; } = ReadAll();

    private static List<(string, string)> ReadAll()
    {
        var assembly = typeof(OutboxSchema).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (name, new StreamReader(assembly.GetManifestResourceStream(name)!).ReadToEnd()))];
    }
}
