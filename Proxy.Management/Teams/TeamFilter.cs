using Dapper;

namespace Proxy.Management.Teams;

/// <summary>Which teams a list has.</summary>
internal sealed record TeamFilter
{
    public string? TeamId { get; init; }

    public string? OrganizationId { get; init; }

    /// <summary>Part of the alias, in whatever case.</summary>
    public string? Alias { get; init; }

    /// <summary>Only the teams of this user.</summary>
    public string? UserId { get; init; }

    /// <summary>The condition of a statement, which begins with <c>where</c> or is empty, and its values.</summary>
    public (string Sql, DynamicParameters Parameters) ToSql()
    {
        var (conditions, parameters) = (new List<string>(), new DynamicParameters());
        void Add(string condition, string name, string? value)
        {
            if (value is null) return;
            conditions.Add(condition);
            parameters.Add(name, value);
        }

        Add("team_id = @team", "team", TeamId);
        Add("organization_id = @organization", "organization", OrganizationId);
        Add("lower(team_alias) like lower(@alias) escape '\\'", "alias", Alias is null ? null : $"%{Alias.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%");
        Add($"team_id in ({TeamMemberIndex.TeamsOfUserSql})", "user", UserId);
        return (conditions.Count == 0 ? "" : $"where {string.Join(" and ", conditions)}", parameters);
    }
}

/// <summary>A part of a list, and in which order the list is.</summary>
/// <param name="Number">From 1 on.</param>
/// <param name="Size">How many teams a page has.</param>
/// <param name="Column">A word of this assembly.</param>
/// <param name="IsDescending">The largest first.</param>
internal readonly record struct TeamPage(int Number, int Size, string Column, bool IsDescending)
{
    public long Skipped => (Number - 1L) * Size;

    /// <summary>Rows that say nothing come last on every engine; the id makes it one order.</summary>
    public string ToSql()
    {
        var direction = IsDescending ? "desc" : "asc";
        var nulls = Column is "team_alias" or "max_budget" ? " nulls last" : "";
        return Column == "team_id" ? $"order by team_id {direction}" : $"order by {Column} {direction}{nulls}, team_id {direction}";
    }
}
