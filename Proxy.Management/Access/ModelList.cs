namespace Proxy.Management.Access;

/// <summary>The models that a key or a team may use. Immutable; asking allocates nothing.</summary>
internal sealed class ModelList
{
    public static readonly ModelList All = new([]);

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly string[] _prefixes;
    private readonly bool _isOpen;

    /// <param name="models">An empty list, <c>*</c> and <c>all-proxy-models</c> mean all; <c>openai/*</c> all that begin so.</param>
    public ModelList(IReadOnlyList<string> models)
    {
        Models = models;
        _isOpen = models.Count == 0 || models.Contains("*") || models.Contains("all-proxy-models");
        IsTeams = models.Contains("all-team-models");
        _prefixes = [.. models.Where(model => model.EndsWith('*')).Select(model => model[..^1])];
        foreach (var model in models)
        {
            if (model is not ("all-team-models" or "all-proxy-models" or "no-default-models")) _names.Add(model);
        }
    }

    public IReadOnlyList<string> Models { get; }

    /// <summary>Whether a key takes over what its team may use.</summary>
    public bool IsTeams { get; }

    /// <param name="groups">The access groups that the model is in; a list may name them instead of models.</param>
    public bool Allows(string model, IReadOnlyList<string> groups)
    {
        if (Allows(model)) return true;

        for (var i = 0; i < groups.Count; i++)
        {
            if (_names.Contains(groups[i])) return true;
        }

        return false;
    }

    private bool Allows(string model)
    {
        if (_isOpen || _names.Contains(model)) return true;

        foreach (var prefix in _prefixes)
        {
            if (model.StartsWith(prefix, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    /// <returns>The list as clients know it from messages: <c>['a', 'b']</c>.</returns>
    public override string ToString() => $"[{string.Join(", ", Models.Select(model => $"'{model}'"))}]";
}
