using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>An entry as the columns hold it.</summary>
internal sealed class SpendRow
{
    public required byte[] CallId { get; init; }
    public required string CallType { get; init; }
    public byte[]? KeyHash { get; init; }
    public string? TeamId { get; init; }
    public string? UserId { get; init; }
    public string? OrganizationId { get; init; }
    public string? EndUser { get; init; }
    public required string Model { get; init; }
    public string? UpstreamModel { get; init; }
    public string? Provider { get; init; }
    public string? Destination { get; init; }
    public long Outcome { get; init; }
    public long StatusCode { get; init; }
    public string? ErrorType { get; init; }
    public long InputTokens { get; init; }
    public long CachedInputTokens { get; init; }
    public long CacheWriteTokens { get; init; }
    public long OutputTokens { get; init; }
    public long ReasoningTokens { get; init; }
    public long Cost { get; init; }
    public long IsEstimated { get; init; }
    public long IsUnpriced { get; init; }
    public long StartedAt { get; init; }
    public long EndedAt { get; init; }
    public long? FirstTokenAt { get; init; }
    public string? Tags { get; init; }
    public string? SessionId { get; init; }
    public string? RequesterIp { get; init; }
    public long Attempts { get; init; }

    public SpendEntry ToEntry() => new()
    {
        CallId = new Guid(CallId, bigEndian: true),
        CallType = CallType,
        KeyHash = KeyHash is null ? null : new KeyHash(KeyHash),
        TeamId = TeamId,
        UserId = UserId,
        OrganizationId = OrganizationId,
        EndUser = EndUser,
        Model = Model,
        UpstreamModel = UpstreamModel,
        Provider = Provider,
        Destination = Destination,
        Outcome = (SpendOutcome)Outcome,
        StatusCode = (int)StatusCode,
        ErrorType = ErrorType,
        Usage = new TokenUsage(InputTokens, CachedInputTokens, CacheWriteTokens, OutputTokens, ReasoningTokens),
        Cost = Money.FromPico(Cost),
        IsEstimated = IsEstimated != 0,
        IsUnpriced = IsUnpriced != 0,
        StartedAt = Columns.ToMoment(StartedAt),
        EndedAt = Columns.ToMoment(EndedAt),
        FirstTokenAt = Columns.ToMoment(FirstTokenAt),
        Tags = Tags is null ? [] : Columns.ToTexts(Tags),
        SessionId = SessionId,
        RequesterIp = RequesterIp,
        Attempts = (int)Attempts,
    };
}
