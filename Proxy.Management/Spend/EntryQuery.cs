using Microsoft.AspNetCore.Mvc;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>Which entries are asked for.</summary>
internal sealed record EntryQuery(
    [property: FromQuery(Name = "request_id")] string? RequestId,
    [property: FromQuery(Name = "user_id")] string? UserId,
    [property: FromQuery(Name = "team_id")] string? TeamId,
    [property: FromQuery(Name = "before")] string? Before,
    [property: FromQuery(Name = "summarize")] string? Summarize)
{
    private static readonly ProxyError UnknownPlace = ProxyError.BadRequest("'before' must be the request_id of an entry.", "before");

    public static ProxyError? FindFault(string field, string? id) => id is not null && (id.Length > 256 || id.Any(char.IsControl))
        ? ProxyError.BadRequest($"'{field}' must be at most 256 characters long and hold no control characters.", field)
        : null;

    public async Task<(EntryFilter? Filter, ProxyError? Error)> ReadAsync(
        SpendQuery query, Caller caller, KeySecrets secrets, CancellationToken cancellationToken)
    {
        if ((FindFault("user_id", UserId) ?? FindFault("team_id", TeamId)) is { } fault) return (null, fault);

        KeyHash? hash = null;
        if (!string.IsNullOrEmpty(query.ApiKey))
        {
            if (KeyFormat.FindHash(query.ApiKey) is not { } named) return (null, KeyErrors.InvalidFormat);

            hash = await secrets.ResolveAsync(named, cancellationToken);
        }

        if (!Guid.TryParse(Before ?? Guid.Empty.ToString(), out var before)) return (null, UnknownPlace);

        DayRange? days = null;
        if (!string.IsNullOrEmpty(query.StartDate) || !string.IsNullOrEmpty(query.EndDate))
        {
            var (range, error) = DayRange.Read(query.StartDate, query.EndDate, query.Time.GetUtcNow());
            if (error is not null) return (null, error);

            days = range;
        }

        var filter = new EntryFilter(hash, Named(UserId), Named(TeamId), days, Before is null ? null : before);
        return (filter.SeenBy(caller), null);
    }

    private static string? Named(string? id) => string.IsNullOrEmpty(id) ? null : id;
}
