using System.Globalization;
using Microsoft.AspNetCore.Http;
using Proxy.Management.Errors;

namespace Proxy.Management.Bodies;

/// <summary>The query of a list, read and checked: what is not known is refused, so that no misspelled filter shows everything.</summary>
internal abstract class ListQuery
{
    private const int MaxTextLength = 256;

    private static readonly Dictionary<string, string> Orders = new(StringComparer.Ordinal) { ["asc"] = "asc", ["desc"] = "desc" };

    private readonly IQueryCollection _query;
    private readonly ProxyError? _unknown;
    private readonly List<(string Name, string Message)> _faults = [];
    private int _status = StatusCodes.Status400BadRequest;

    /// <param name="query">As the client sent it.</param>
    /// <param name="known">What it may hold.</param>
    protected ListQuery(IQueryCollection query, string[] known)
    {
        _query = query;
        var unknown = query.Keys.Where(name => !known.Contains(name)).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count == 0) return;

        var names = Shorten(string.Join(", ", unknown));
        _unknown = new ProxyError(400, ProxyError.BadRequestType, $"Unsupported parameter(s): {names}. Supported parameters: {string.Join(", ", known)}", names);
    }

    /// <summary>One refusal that names every fault, or null.</summary>
    public ProxyError? Error => _unknown
        ?? (_faults.Count == 0 ? null : new ProxyError(_status, ProxyError.InvalidRequest, string.Join(' ', _faults.Select(fault => fault.Message)), _faults[0].Name));

    protected string? Text(string name)
    {
        if (!_query.TryGetValue(name, out var values)) return null;
        if (values.Count > 1) Fault(name, $"'{name}' stands twice in the query.");
        else if (values[0]!.Length > MaxTextLength || values[0]!.Any(char.IsControl)) Fault(name, $"'{name}' must be at most {MaxTextLength} characters long and hold no control characters.");
        else if (values[0]!.Length > 0) return values[0];

        return null;
    }

    protected int Number(string name, int usual, int most)
    {
        if (Text(name) is not { } text) return usual;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most) return number;

        _status = StatusCodes.Status422UnprocessableEntity;
        Fault(name, most == int.MaxValue ? $"'{name}' must be a whole number from 1 on." : $"'{name}' must be a whole number from 1 to {most}.");
        return usual;
    }

    protected bool Flag(string name)
    {
        if (Text(name) is not { } text) return false;
        if (bool.TryParse(text, out var flag)) return flag;

        Fault(name, $"'{name}' must be true or false.");
        return false;
    }

    /// <summary>What one of some words stands for.</summary>
    protected string Word(string name, string usual, Dictionary<string, string> words)
    {
        if (words.TryGetValue(Text(name) ?? usual, out var word)) return word;

        Fault(name, $"'{name}' must be one of {string.Join(", ", words.Keys)}.");
        return words[usual];
    }

    protected bool IsDescending(string usual) => Word("sort_order", usual, Orders) == "desc";

    protected void Fault(string name, string message) => _faults.Add((name, message));

    private static string Shorten(string names)
    {
        var shown = string.Concat(names.Where(character => !char.IsControl(character)));
        return shown.Length > MaxTextLength ? shown[..MaxTextLength] : shown;
    }
}
