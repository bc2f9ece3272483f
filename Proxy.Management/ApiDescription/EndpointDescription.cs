using System.Text.Json.Serialization.Metadata;
using Proxy.Management.Bodies;

namespace Proxy.Management.ApiDescription;

/// <summary>What the API's document says of one endpoint. Its fields are what its body is read by: a debug build refuses to read another.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">As callers write it, with the names of its parts in braces.</param>
/// <param name="Summary">One sentence.</param>
public sealed record EndpointDescription(string Method, string Path, string Summary)
{
    private readonly Dictionary<string, DetailField> _fields = new(StringComparer.Ordinal);

    /// <summary>As it is mapped, where that differs from the path by more than stars.</summary>
    public string Pattern { get; init; } = Path;

    /// <summary>Of the body. Of two with one name the last counts.</summary>
    public IEnumerable<DetailField> Fields
    {
        get => _fields.Values;
        init
        {
            foreach (var stated in value) _fields[stated.Name] = stated;
        }
    }

    /// <summary>The fields that a body must have.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>The fields that the example shows beside those.</summary>
    public IReadOnlyList<string> Shown { get; init; } = [];

    /// <summary>Parameters of the query that the handler takes from the request itself; those of its signature are found there.</summary>
    public IReadOnlyList<DetailField> Query { get; init; } = [];

    /// <summary>What a good answer looks like; null where it is no JSON, or of no one form.</summary>
    public JsonTypeInfo? Answer { get; init; }

    /// <summary>The body of a good answer, written out, where it has no type.</summary>
    public string? AnswerExample { get; init; }

    public string AnswerMediaType { get; init; } = "application/json";

    /// <summary>Whether a body may have fields beside those described, which then mean something to somebody else.</summary>
    public bool IsOpen { get; init; }

    public DetailField? FindField(string name) => _fields.GetValueOrDefault(name);
}
