using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;

namespace Proxy.Management.Teams;

/// <summary>A team's row as it was read. Immutable.</summary>
public sealed record TeamIdentity
{
    private CallSettings? _settings;

    public required string TeamId { get; init; }

    public string? Alias { get; init; }

    public string? OrganizationId { get; init; }

    /// <summary>Empty means all.</summary>
    public required IReadOnlyList<string> Models
    {
        get => ModelList.Models;
        init => ModelList = new ModelList(value);
    }

    public bool IsBlocked { get; init; }

    public LimitSettings Limits { get; init; } = LimitSettings.None;

    /// <summary>A JSON object without secrets: callbacks are kept apart.</summary>
    public string Metadata
    {
        get;
        init => (field, _settings) = (value, null);
    } = "{}";

    /// <summary>A JSON object with the fields that are kept but not read.</summary>
    public string Details
    {
        get;
        init => (field, _settings, MemberTerms, Members, MemberPermissions) =
            (value, null, TeamMembership.ReadUsual(value), TeamMembers.Read(value), TeamMemberPermissions.Read(value));
    } = "{}";

    /// <summary>Where the team's calls are logged. Look at <see cref="IsLoggingDisabled"/> first.</summary>
    public IReadOnlyList<TeamCallback> Callbacks { get; init; } = [];

    /// <summary>Nothing of the team's calls may leave, whatever else is configured, and no body is stored.</summary>
    public bool IsLoggingDisabled { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public string? CreatedBy { get; init; }

    public string? UpdatedBy { get; init; }

    /// <summary>What the team may use.</summary>
    internal AccountTerms Terms => new(Limits);

    public TeamMembers Members { get; private init; } = TeamMembers.None;

    public TeamMemberPermissions MemberPermissions { get; private init; } = TeamMemberPermissions.None;

    /// <summary>What each member may use who has no terms of their own.</summary>
    internal AccountTerms MemberTerms { get; private init; } = AccountTerms.None;

    internal CallSettings Settings => _settings ??= CallSettings.Read(Details, Metadata);

    /// <summary>The JSON object with the limits of single models, which clients write beside the metadata or within it.</summary>
    internal string ModelFields => ModelTerms.Merge(Details, Metadata);

    internal ModelList ModelList { get; private init; } = new([]);

    /// <summary>A row to try changes on.</summary>
    internal static TeamIdentity Blank { get; } = new() { TeamId = "", Models = [], CreatedAt = default, UpdatedAt = default };

    /// <returns>The id alone: this may end up in a log line.</returns>
    public override string ToString() => $"team {TeamId}";
}
