using System.Text;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>What calls of one day came to. Money is in picodollars.</summary>
internal readonly record struct DaySum(
    long Requests, long Successes, long PromptTokens, long CompletionTokens, long CachedTokens, long CacheWriteTokens, Int128 Spend)
{
    public static DaySum Of(SpendEntry entry, long picos) => new(
        1, entry.Outcome == SpendOutcome.Success ? 1 : 0, entry.Usage.TotalInput, entry.Usage.TotalOutput, entry.Usage.CachedInput,
        entry.Usage.CacheWrite + entry.Usage.CacheWriteHour, picos);

    public static DaySum operator +(DaySum left, DaySum right) => new(
        left.Requests + right.Requests,
        left.Successes + right.Successes,
        left.PromptTokens + right.PromptTokens,
        left.CompletionTokens + right.CompletionTokens,
        left.CachedTokens + right.CachedTokens,
        left.CacheWriteTokens + right.CacheWriteTokens,
        left.Spend + right.Spend);
}

/// <summary>Which calls of a day are summed in one row of <c>spend_day</c>. What a call does not have is empty.</summary>
/// <param name="Day">Days since 1970, in UTC.</param>
internal readonly record struct SpendDay(
    long Day, KeyHash? KeyHash, string TeamId, string UserId, string OrganizationId, string Model, string UpstreamModel, string Provider)
{
    /// <summary>How many bytes of a name tell it from others here: all names of a row together must fit into an entry of an index.</summary>
    private const int NameBytes = 256;

    public static SpendDay Of(SpendEntry entry) => new(
        DayOf(entry.StartedAt),
        entry.KeyHash,
        Name(entry.TeamId),
        Name(entry.UserId),
        Name(entry.OrganizationId),
        Name(entry.Model),
        Name(entry.UpstreamModel),
        Name(entry.Provider));

    public static long DayOf(DateTimeOffset moment) => moment.ToUnixTimeMilliseconds() / (long)TimeSpan.FromDays(1).TotalMilliseconds;

    /// <summary>A name as the rows of days have it: callers and providers may choose very long ones.</summary>
    public static string Name(string? name)
    {
        if (name is null) return "";
        if (name.Length * 3 <= NameBytes) return name;

        Span<byte> utf8 = stackalloc byte[NameBytes];
        Encoding.UTF8.GetEncoder().Convert(name, utf8, flush: true, out var length, out _, out var isWhole);
        return isWhole ? name : name[..length];
    }
}

/// <summary>Which calls of a day are summed in one row of <c>account_day</c>.</summary>
internal readonly record struct AccountDay(AccountId Account, long Day, string Model)
{
    public static AccountDay Of(AccountKind kind, string id, SpendEntry entry) =>
        new(new AccountId(kind, SpendDay.Name(id)), SpendDay.DayOf(entry.StartedAt), SpendDay.Name(entry.Model));
}
