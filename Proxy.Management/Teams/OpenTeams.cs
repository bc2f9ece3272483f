namespace Proxy.Management.Teams;

/// <summary>The teams that every user may join by themselves, as the operator says.</summary>
public sealed class OpenTeams
{
    private volatile IReadOnlyList<string> _ids = [];

    internal IReadOnlyList<string> Ids => _ids;

    /// <summary>From now on these.</summary>
    public void Apply(IReadOnlyList<string> ids) => _ids = ids;
}
