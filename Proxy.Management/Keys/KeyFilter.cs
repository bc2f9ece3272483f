using System.Text;
using Dapper;

namespace Proxy.Management.Keys;

/// <summary>Which keys a list has.</summary>
internal sealed record KeyFilter
{
    public string? UserId { get; init; }

    public string? TeamId { get; init; }

    public string? OrganizationId { get; init; }

    public string? Alias { get; init; }

    public KeyHash? Hash { get; init; }

    /// <summary>Whose keys alone may be seen; null for who sees all.</summary>
    public KeyEyes? Eyes { get; init; }

    /// <summary>The row of the counts that has the total; null when the list has a mixture that must be counted.</summary>
    public (string Kind, string Id)? Count => this switch
    {
        { Alias: not null } or { Hash: not null } or { Eyes: not null } => null,
        { UserId: null, TeamId: null, OrganizationId: null } => (KeyCounts.All, ""),
        { UserId: { } user, TeamId: null, OrganizationId: null } => (KeyCounts.User, user),
        { UserId: null, TeamId: { } team, OrganizationId: null } => (KeyCounts.Team, team),
        { UserId: null, TeamId: null, OrganizationId: { } organization } => (KeyCounts.Organization, organization),
        _ => null,
    };

    /// <summary>The condition of a statement, which begins with <c>where</c> or is empty, and its values.</summary>
    public (string Sql, DynamicParameters Parameters) ToSql()
    {
        var parameters = new DynamicParameters();
        var sql = new StringBuilder();
        void Add(string condition, string name, object? value)
        {
            if (value is null) return;
            sql.Append(sql.Length == 0 ? "where " : " and ").Append(condition);
            parameters.Add(name, value);
        }

        Add("user_id = @user", "user", UserId);
        Add("team_id = @team", "team", TeamId);
        Add("organization_id = @organization", "organization", OrganizationId);
        Add("key_alias = @alias", "alias", Alias);
        Add($"key_hash = {KeySecrets.LastingHash}", "hash", Hash?.ToArray());
        if (Eyes is not null) sql.Append(sql.Length == 0 ? "where " : " and ").Append(Eyes.ToSql(parameters));
        return (sql.ToString(), parameters);
    }
}

/// <summary>Whose keys a caller may see who does not see all: their own, those of their teams, and those that they made.</summary>
internal sealed record KeyEyes(KeyHash? Own, string? UserId, IReadOnlyList<string> TeamIds, bool SeesMade)
{
    public string ToSql(DynamicParameters parameters)
    {
        var conditions = new List<string>();
        void Add(string condition, string name, object value)
        {
            conditions.Add(condition);
            parameters.Add(name, value);
        }

        if (UserId is null) Add("key_hash = @own", "own", Own!.Value.ToArray());
        else Add("user_id = @me", "me", UserId);
        if (UserId is not null && SeesMade) conditions.Add("created_by = @me");
        for (var i = 0; i < TeamIds.Count; i++) Add($"team_id = @mine{i}", $"mine{i}", TeamIds[i]);
        return $"({string.Join(" or ", conditions)})";
    }
}

/// <summary>A part of a list, and in which order the list is.</summary>
/// <param name="Number">From 1 on.</param>
/// <param name="Size">How many keys a page has.</param>
/// <param name="Column">A word of this assembly.</param>
/// <param name="IsDescending">The largest first.</param>
internal readonly record struct KeyPage(int Number, int Size, string Column, bool IsDescending)
{
    private static readonly string[] MayBeNull = ["max_budget", "key_alias"];

    public long Skipped => (Number - 1L) * Size;

    /// <summary>Rows that say nothing come last on every engine; the hash makes it one order.</summary>
    public string ToSql(string prefix)
    {
        var direction = IsDescending ? "desc" : "asc";
        var nulls = MayBeNull.Contains(Column) ? " nulls last" : "";
        return Column == "key_hash" ? $"order by {prefix}key_hash {direction}" : $"order by {prefix}{Column} {direction}{nulls}, {prefix}key_hash {direction}";
    }
}
