using System.Text.Json;

namespace Proxy.Management.Access;

/// <summary>What kind of thing a route is to a key that may use some routes only.</summary>
public enum RouteKind
{
    /// <summary>A call of a model.</summary>
    Call,

    /// <summary>A look at what is the caller's own.</summary>
    Information,

    Management,
}

/// <summary>The routes that a key may use: its <c>allowed_routes</c>, or else what its <c>key_type</c> stands for. Immutable.</summary>
internal sealed class RouteList
{
    /// <summary>For keys of which nothing is said.</summary>
    public static readonly RouteList All = new([]);

    private const string Version = "/v1";

    private static readonly Dictionary<string, RouteKind[]> Groups = new(StringComparer.Ordinal)
    {
        ["llm_api_routes"] = [RouteKind.Call],
        ["openai_routes"] = [RouteKind.Call],
        ["anthropic_routes"] = [RouteKind.Call],
        ["info_routes"] = [RouteKind.Information],
        ["management_routes"] = [RouteKind.Information, RouteKind.Management],
    };

    private static readonly Dictionary<string, string> KeyTypes = new(StringComparer.Ordinal)
    {
        ["llm_api"] = "llm_api_routes",
        ["management"] = "management_routes",
        ["read_only"] = "info_routes",
    };

    private readonly HashSet<string> _paths = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _prefixes = [];
    private readonly HashSet<RouteKind> _kinds = [];
    private readonly IReadOnlyList<string> _routes;

    public RouteList(IReadOnlyList<string> routes)
    {
        _routes = routes;
        foreach (var route in routes)
        {
            if (Groups.TryGetValue(route, out var kinds)) _kinds.UnionWith(kinds);
            else if (route.EndsWith('*')) _prefixes.Add(Bare(route[..^1]));
            else _paths.Add(Bare(route));
        }
    }

    /// <summary>True for the groups, and for the kinds of keys that stand for one.</summary>
    public static bool IsKeyType(string name) => name == "default" || KeyTypes.ContainsKey(name);

    /// <param name="details">The JSON object of a key.</param>
    public static RouteList Read(JsonElement details)
    {
        if (details.TryGetProperty("allowed_routes", out var routes) && routes.ValueKind == JsonValueKind.Array && routes.GetArrayLength() > 0)
            return new RouteList([.. routes.EnumerateArray().Where(route => route.ValueKind == JsonValueKind.String).Select(route => route.GetString()!)]);

        return details.TryGetProperty("key_type", out var type) && type.ValueKind == JsonValueKind.String && KeyTypes.TryGetValue(type.GetString()!, out var group)
            ? new RouteList([group])
            : All;
    }

    /// <param name="route">The pattern of the routed endpoint, or the path that stands for an operation; never the path of a request.</param>
    /// <param name="kind">What it is.</param>
    public bool Allows(string route, RouteKind kind)
    {
        if (_routes.Count == 0 || _kinds.Contains(kind)) return true;

        var bare = Bare(route);
        return _paths.Contains(bare) || _prefixes.Exists(prefix => bare.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether whoever has these routes may give the others: else a key for few routes could make itself one for all.</summary>
    public bool Covers(RouteList others) => _routes.Count == 0 || (others._routes.Count > 0 && others._routes.All(IsCovered));

    private bool IsCovered(string route)
    {
        if (_routes.Contains(route)) return true;
        if (Groups.TryGetValue(route, out var kinds)) return kinds.All(_kinds.Contains);

        var bare = Bare(route);
        return _prefixes.Exists(prefix => bare.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
    }

    public override string ToString() => $"[{string.Join(", ", _routes.Select(route => $"'{route}'"))}]";

    /// <summary>Every call is served with and without the version in its path.</summary>
    private static string Bare(string route) =>
        route.StartsWith(Version + "/", StringComparison.OrdinalIgnoreCase) ? route[Version.Length..] : route;
}
