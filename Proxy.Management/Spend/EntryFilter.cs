using System.Buffers.Binary;
using System.Text;
using Dapper;
using Proxy.Management.Access;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>Which entries of the book are read.</summary>
/// <param name="Before">Only those that began before this one.</param>
internal sealed record EntryFilter(KeyHash? KeyHash, string? UserId, string? TeamId, DayRange? Days, Guid? Before)
{
    public string? Model { get; init; }

    /// <summary>True when it is of one key, user or team, by which the book has no index.</summary>
    public bool IsNarrow => KeyHash is not null || UserId is not null || TeamId is not null || Model is not null;

    /// <summary>True when it can hold nothing: a caller has asked for what is not theirs.</summary>
    public bool IsEmpty { get; private init; }

    /// <summary>What a caller may see: an admin all, others the entries of their user, or of their key when it has no user.</summary>
    public EntryFilter SeenBy(Caller caller)
    {
        if (caller.SeesAll) return this;
        if (caller.UserId is { } user) return this with { UserId = user, IsEmpty = UserId is not null && UserId != user };

        return this with { KeyHash = caller.KeyHash, IsEmpty = KeyHash is not null && KeyHash != caller.KeyHash };
    }

    public bool Holds(SpendEntry entry) => !IsEmpty
        && (KeyHash is null || KeyHash == entry.KeyHash)
        && (UserId is null || UserId == entry.UserId)
        && (TeamId is null || TeamId == entry.TeamId)
        && (Model is null || Model == entry.Model);

    /// <summary>Narrows the days of a range to those of what is asked for.</summary>
    public DayFilter ToDays(DayRange range)
    {
        var days = new DayFilter(range);
        if (KeyHash is { } key) days.Is("key_hash", key.ToArray());
        if (UserId is not null) days.Is("user_id", UserId);
        if (TeamId is not null) days.Is("team_id", TeamId);
        if (Model is not null) days.Is("model", Model);
        return days;
    }

    /// <summary>The condition of a statement, and its values.</summary>
    public (string Sql, DynamicParameters Parameters) ToSql(int limit, long offset)
    {
        var parameters = new DynamicParameters(new { limit, offset });
        var sql = new StringBuilder("where 1 = 1");
        void Add(string condition, string name, object? value)
        {
            if (value is null) return;
            sql.Append(" and ").Append(condition);
            parameters.Add(name, value);
        }

        Add("key_hash = @key", "key", KeyHash?.ToArray());
        Add("user_id = @user", "user", UserId);
        Add("team_id = @team", "team", TeamId);
        Add("model = @model", "model", Model);
        Add("call_id < @before", "before", Before?.ToByteArray(bigEndian: true));
        Add("call_id >= @first", "first", Days is { } days ? FirstOf(days.From) : null);
        Add("call_id < @beyond", "beyond", Days is { } range ? FirstOf(range.To + 1) : null);
        return (sql.ToString(), parameters);
    }

    /// <summary>The id before all of a day: an id begins with the milliseconds of its call's start.</summary>
    private static byte[] FirstOf(long day)
    {
        var id = new byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, (day * (long)TimeSpan.FromDays(1).TotalMilliseconds) << 16);
        return id;
    }
}
