namespace Proxy.Host.Configuration;

/// <summary>Section <c>Teams</c>.</summary>
internal sealed class TeamOptions
{
    public const string Section = "Teams";

    /// <summary>Ids, separated by commas, of teams that every internal user may join by themselves. None by default.</summary>
    public string Available { get; set; } = "";
}
