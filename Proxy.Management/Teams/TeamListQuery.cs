using Microsoft.AspNetCore.Http;
using Proxy.Management.Bodies;

namespace Proxy.Management.Teams;

/// <summary>The query of a list of teams.</summary>
internal sealed class TeamListQuery : ListQuery
{
    public static readonly string[] Whole = ["user_id", "organization_id"];

    public static readonly string[] Paged = ["page", "page_size", "user_id", "organization_id", "team_id", "team_alias", "sort_by", "sort_order"];

    private const int UsualSize = 10;
    private const int MaxSize = 100;

    /// <summary>How many teams a list has that is not paged.</summary>
    private const int MaxWhole = 1000;

    private static readonly Dictionary<string, string> Columns = new(StringComparer.Ordinal)
    {
        ["created_at"] = "created_at",
        ["updated_at"] = "updated_at",
        ["team_id"] = "team_id",
        ["team_alias"] = "team_alias",
        ["spend"] = "spend",
        ["max_budget"] = "max_budget",
    };

    /// <param name="query">As the client sent it.</param>
    /// <param name="known">What it may hold.</param>
    public TeamListQuery(IQueryCollection query, string[] known)
        : base(query, known)
    {
        var size = known == Paged ? Number("page_size", UsualSize, MaxSize) : MaxWhole;
        Page = new TeamPage(Number("page", 1, int.MaxValue), size, Word("sort_by", "created_at", Columns), IsDescending("asc"));
        Filter = new TeamFilter { TeamId = Text("team_id"), OrganizationId = Text("organization_id"), Alias = Text("team_alias"), UserId = Text("user_id") };
    }

    public TeamPage Page { get; }

    public TeamFilter Filter { get; }
}
