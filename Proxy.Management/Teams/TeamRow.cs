using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>A team as the columns hold it.</summary>
internal sealed record TeamRow : LimitRow
{
    public required string TeamId { get; init; }
    public string? TeamAlias { get; init; }
    public string? OrganizationId { get; init; }
    public required string Models { get; init; }
    public required string Metadata { get; init; }
    public required string Details { get; init; }
    public string? Callbacks { get; init; }
    public long IsLoggingDisabled { get; init; }
    public long IsBlocked { get; init; }
    public long Spend { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public string? CreatedBy { get; init; }
    public string? UpdatedBy { get; init; }

    public TeamRow()
    {
    }

    private TeamRow(LimitSettings limits)
        : base(limits)
    {
    }

    public static TeamRow From(TeamRecord record, CallbackVault vault)
    {
        var team = record.Identity;
        return new TeamRow(team.Limits)
        {
            TeamId = team.TeamId,
            TeamAlias = team.Alias,
            OrganizationId = team.OrganizationId,
            Models = Columns.FromTexts(team.Models),
            Metadata = team.Metadata,
            Details = team.Details,
            Callbacks = vault.Lock(team.Callbacks),
            IsLoggingDisabled = team.IsLoggingDisabled ? 1 : 0,
            IsBlocked = team.IsBlocked ? 1 : 0,
            Spend = Money.ToPico(record.Spend),
            CreatedAt = team.CreatedAt.ToUnixTimeMilliseconds(),
            UpdatedAt = team.UpdatedAt.ToUnixTimeMilliseconds(),
            CreatedBy = team.CreatedBy,
            UpdatedBy = team.UpdatedBy,
        };
    }

    public TeamRecord ToRecord(CallbackVault vault)
    {
        var callbacks = vault.Open(Callbacks, $"team {TeamId}");
        var identity = new TeamIdentity
        {
            TeamId = TeamId,
            Alias = TeamAlias,
            OrganizationId = OrganizationId,
            Models = Columns.ToTexts(Models),
            Limits = ToLimits(),
            Metadata = Metadata,
            Details = Details,
            Callbacks = callbacks ?? [],
            IsLoggingDisabled = IsLoggingDisabled != 0 || callbacks is null,
            IsBlocked = IsBlocked != 0,
            CreatedAt = Columns.ToMoment(CreatedAt),
            UpdatedAt = Columns.ToMoment(UpdatedAt),
            CreatedBy = CreatedBy,
            UpdatedBy = UpdatedBy,
        };
        return new TeamRecord(identity, Money.FromPico(Spend));
    }
}
