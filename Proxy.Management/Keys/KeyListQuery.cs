using System.Globalization;
using Microsoft.AspNetCore.Http;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>The query of a list, read and checked: what is not known is refused, so that no misspelled filter shows everything.</summary>
internal sealed class KeyListQuery
{
    public static readonly string[] OfKeys =
    [
        "page", "size", "user_id", "team_id", "organization_id", "key_hash", "key_alias", "return_full_object", "include_team_keys",
        "include_created_by_keys", "sort_by", "sort_order",
    ];

    public static readonly string[] OfAliases = ["page", "size"];

    private const int MaxTextLength = 256;

    private static readonly Dictionary<string, string> Columns = new(StringComparer.Ordinal)
    {
        ["spend"] = "spend",
        ["max_budget"] = "max_budget",
        ["created_at"] = "created_at",
        ["updated_at"] = "updated_at",
        ["token"] = "key_hash",
        ["key_alias"] = "key_alias",
    };

    private readonly IQueryCollection _query;
    private readonly List<(string Name, string Message)> _faults = [];
    private int _status = StatusCodes.Status400BadRequest;

    /// <param name="query">As the client sent it.</param>
    /// <param name="known">What it may hold.</param>
    /// <param name="maxSize">The largest page.</param>
    /// <param name="usualSize">The size of a page when nothing is said.</param>
    public KeyListQuery(IQueryCollection query, string[] known, int maxSize, int usualSize)
    {
        _query = query;
        var unknown = query.Keys.Where(name => !known.Contains(name)).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
        {
            var names = Shorten(string.Join(", ", unknown));
            Unknown = new ProxyError(400, KeyErrors.BadRequestType, $"Unsupported parameter(s): {names}. Supported parameters: {string.Join(", ", known)}", names);
        }

        Page = new KeyPage(
            Number("page", 1, int.MaxValue),
            Number("size", usualSize, maxSize),
            Word("sort_by", "created_at", Columns),
            Word("sort_order", "desc", new Dictionary<string, string>(StringComparer.Ordinal) { ["asc"] = "asc", ["desc"] = "desc" }) == "desc");
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

    /// <summary>One refusal that names every fault, or null.</summary>
    public ProxyError? Error => Unknown
        ?? (_faults.Count == 0 ? null : new ProxyError(_status, ProxyError.InvalidRequest, string.Join(' ', _faults.Select(fault => fault.Message)), _faults[0].Name));

    private ProxyError? Unknown { get; }

    private static string Shorten(string names)
    {
        var shown = string.Concat(names.Where(character => !char.IsControl(character)));
        return shown.Length > MaxTextLength ? shown[..MaxTextLength] : shown;
    }

    private string? Text(string name)
    {
        if (!_query.TryGetValue(name, out var values)) return null;
        if (values.Count > 1) Fault(name, $"'{name}' stands twice in the query.");
        else if (values[0]!.Length > MaxTextLength || values[0]!.Any(char.IsControl)) Fault(name, $"'{name}' must be at most {MaxTextLength} characters long and hold no control characters.");
        else if (values[0]!.Length > 0) return values[0];

        return null;
    }

    private int Number(string name, int usual, int most)
    {
        if (Text(name) is not { } text) return usual;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most) return number;

        _status = StatusCodes.Status422UnprocessableEntity;
        Fault(name, most == int.MaxValue ? $"'{name}' must be a whole number from 1 on." : $"'{name}' must be a whole number from 1 to {most}.");
        return usual;
    }

    private bool Flag(string name)
    {
        if (Text(name) is not { } text) return false;
        if (bool.TryParse(text, out var flag)) return flag;

        Fault(name, $"'{name}' must be true or false.");
        return false;
    }

    private string Word(string name, string usual, Dictionary<string, string> words)
    {
        if (words.TryGetValue(Text(name) ?? usual, out var word)) return word;

        Fault(name, $"'{name}' must be one of {string.Join(", ", words.Keys)}.");
        return words[usual];
    }

    private KeyHash? ReadHash()
    {
        if (Text("key_hash") is not { } text) return null;
        if (KeyFormat.FindHash(text) is { } hash) return hash;

        Fault("key_hash", KeyErrors.InvalidFormat.Message);
        return null;
    }

    private void Fault(string name, string message) => _faults.Add((name, message));
}
