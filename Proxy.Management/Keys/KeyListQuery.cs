using Microsoft.AspNetCore.Http;
using Proxy.Management.Bodies;

namespace Proxy.Management.Keys;

/// <summary>The query of a list of keys.</summary>
internal sealed class KeyListQuery : ListQuery
{
    public static readonly string[] OfKeys =
    [
        "page", "size", "user_id", "team_id", "organization_id", "key_hash", "key_alias", "return_full_object", "include_team_keys",
        "include_created_by_keys", "sort_by", "sort_order",
    ];

    public static readonly string[] OfAliases = ["page", "size"];

    private static readonly Dictionary<string, string> Columns = new(StringComparer.Ordinal)
    {
        ["spend"] = "spend",
        ["max_budget"] = "max_budget",
        ["created_at"] = "created_at",
        ["updated_at"] = "updated_at",
        ["token"] = "key_hash",
        ["key_alias"] = "key_alias",
    };

    /// <param name="query">As the client sent it.</param>
    /// <param name="known">What it may hold.</param>
    /// <param name="maxSize">The largest page.</param>
    /// <param name="usualSize">The size of a page when nothing is said.</param>
    public KeyListQuery(IQueryCollection query, string[] known, int maxSize, int usualSize)
        : base(query, known)
    {
        Page = new KeyPage(Number("page", 1, int.MaxValue), Number("size", usualSize, maxSize), Word("sort_by", "created_at", Columns), IsDescending("desc"));
        Filter = new KeyFilter
        {
            UserId = Text("user_id"),
            TeamId = Text("team_id"),
            OrganizationId = Text("organization_id"),
            Alias = Text("key_alias"),
            Hash = ReadHash(),
        };
        ReturnsObjects = Flag("return_full_object");
        IncludesTeams = Flag("include_team_keys");
        IncludesMade = Flag("include_created_by_keys");
    }

    public KeyPage Page { get; }

    public KeyFilter Filter { get; }

    public bool ReturnsObjects { get; }

    public bool IncludesTeams { get; }

    public bool IncludesMade { get; }

    private KeyHash? ReadHash()
    {
        if (Text("key_hash") is not { } text) return null;
        if (KeyFormat.FindHash(text) is { } hash) return hash;

        Fault("key_hash", KeyErrors.InvalidFormat.Message);
        return null;
    }
}
