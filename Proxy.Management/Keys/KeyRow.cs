using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Storage;

namespace Proxy.Management.Keys;

/// <summary>A key as the columns hold it.</summary>
internal sealed record KeyRow : LimitRow
{
    public required byte[] KeyHash { get; init; }

    /// <summary>Null while the key has its first secret.</summary>
    public byte[]? SecretHash { get; init; }

    public required string KeyName { get; init; }
    public string? KeyAlias { get; init; }
    public string? UserId { get; init; }
    public string? TeamId { get; init; }
    public string? OrganizationId { get; init; }
    public required string Models { get; init; }
    public required string Metadata { get; init; }
    public required string Details { get; init; }
    public string? Callbacks { get; init; }
    public string? BudgetId { get; init; }
    public long OwnsBudget { get; init; }
    public long? IsBlocked { get; init; }
    public long Spend { get; init; }
    public long? ExpiresAt { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public string? CreatedBy { get; init; }
    public string? UpdatedBy { get; init; }

    public KeyRow()
    {
    }

    private KeyRow(LimitSettings limits)
        : base(limits)
    {
    }

    public static KeyRow From(KeyRecord record, CallbackVault vault)
    {
        var key = record.Identity;
        return new KeyRow(key.Limits)
        {
            KeyHash = key.Hash.ToArray(),
            SecretHash = key.Secret == key.Hash ? null : key.Secret.ToArray(),
            KeyName = key.Name,
            KeyAlias = key.Alias,
            UserId = key.UserId,
            TeamId = key.TeamId,
            OrganizationId = key.OrganizationId,
            Models = Columns.FromTexts(key.Models),
            Metadata = key.Metadata,
            Details = key.Details,
            Callbacks = vault.Lock(key.Callbacks),
            BudgetId = key.BudgetId,
            OwnsBudget = key.OwnsBudget ? 1 : 0,
            IsBlocked = key.IsBlocked is { } isBlocked ? (isBlocked ? 1 : 0) : null,
            Spend = Money.ToPico(record.Spend),
            ExpiresAt = key.ExpiresAt?.ToUnixTimeMilliseconds(),
            CreatedAt = key.CreatedAt.ToUnixTimeMilliseconds(),
            UpdatedAt = key.UpdatedAt.ToUnixTimeMilliseconds(),
            CreatedBy = key.CreatedBy,
            UpdatedBy = key.UpdatedBy,
        };
    }

    /// <param name="vault">Opens callbacks.</param>
    /// <param name="budget">The budget that the row shares.</param>
    public KeyRecord ToRecord(CallbackVault vault, SharedBudget? budget)
    {
        var callbacks = vault.Open(Callbacks, $"key {KeyName}");
        var identity = new KeyIdentity
        {
            Hash = new KeyHash(KeyHash),
            Secret = SecretHash is null ? default : new KeyHash(SecretHash),
            Name = KeyName,
            Alias = KeyAlias,
            UserId = UserId,
            TeamId = TeamId,
            OrganizationId = OrganizationId,
            Models = Columns.ToTexts(Models),
            BudgetId = BudgetId,
            OwnsBudget = OwnsBudget != 0,
            Budget = budget,
            Limits = ToLimits(),
            Metadata = Metadata,
            Details = Details,
            Callbacks = callbacks ?? [],
            IsLoggingDisabled = callbacks is null,
            IsBlocked = IsBlocked is { } isBlocked ? isBlocked != 0 : null,
            ExpiresAt = Columns.ToMoment(ExpiresAt),
            CreatedAt = Columns.ToMoment(CreatedAt),
            UpdatedAt = Columns.ToMoment(UpdatedAt),
            CreatedBy = CreatedBy,
            UpdatedBy = UpdatedBy,
        };
        return new KeyRecord(identity, Money.FromPico(Spend));
    }
}
