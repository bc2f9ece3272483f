using System.Text.Json;

namespace Proxy.Management.Access;

/// <summary>What a key or a team says about its calls: aliases of models, and tags.</summary>
internal sealed class CallSettings
{
    public static readonly CallSettings None = new();

    public IReadOnlyDictionary<string, string> Aliases { get; private init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Tags { get; private init; } = [];

    /// <summary>The routes that a key may use.</summary>
    public RouteList Routes { get; private init; } = RouteList.All;

    /// <param name="details">The JSON object of the row.</param>
    /// <param name="metadata">Another one, in which clients write tags too.</param>
    public static CallSettings Read(string details, string metadata = "{}")
    {
        if (details.Length <= 2 && metadata.Length <= 2) return None;

        using var document = JsonDocument.Parse(details);
        using var second = JsonDocument.Parse(metadata);
        var root = document.RootElement;
        return new CallSettings
        {
            Aliases = ReadAliases(root, "aliases") ?? ReadAliases(root, "model_aliases") ?? None.Aliases,
            Tags = [.. ReadTags(root).Union(ReadTags(second.RootElement), StringComparer.Ordinal)],
            Routes = RouteList.Read(root),
        };
    }

    private static Dictionary<string, string>? ReadAliases(JsonElement root, string name) =>
        root.TryGetProperty(name, out var aliases) && aliases.ValueKind == JsonValueKind.Object
            ? aliases.EnumerateObject()
                .Where(alias => alias.Value.ValueKind == JsonValueKind.String)
                .ToDictionary(alias => alias.Name, alias => alias.Value.GetString()!, StringComparer.Ordinal)
            : null;

    private static List<string> ReadTags(JsonElement root) =>
        root.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Array
            ? [.. tags.EnumerateArray().Where(tag => tag.ValueKind == JsonValueKind.String).Select(tag => tag.GetString()!)]
            : [];
}
