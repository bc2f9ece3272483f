using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Users;

/// <summary>Which users there are, and what they can be.</summary>
internal static class UserListEndpoints
{
    private const int MaxIds = 1000;
    private const int MaxPage = 1_000_000;
    private const int DefaultSize = 25;
    private const int MaxSize = 100;

    private static readonly (string Role, string Label, string Description)[] Roles =
    [
        ("proxy_admin", "Admin", "May do everything"),
        ("proxy_admin_viewer", "Admin (view only)", "May see everything and change nothing"),
        ("org_admin", "Organisation admin", "Looks after an organisation"),
        ("internal_user", "Internal user", "May make, change and see keys of their own"),
        ("internal_user_viewer", "Internal user (view only)", "May see what is theirs"),
        ("team", "Team", "For keys of a team"),
        ("customer", "Customer", "For customers of an application"),
    ];

    public static void MapUserListEndpoints(this IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/user/list", "/user/get_users"]) routes.MapGet(path, AccessRule.AdminOrViewer, ListAsync);
        routes.MapGet("/user/available_roles", AccessRule.OwnerOrAdmin, ShowRoles);
    }

    private static async Task<IResult> ListAsync(
        AccountStore store,
        UserFacts facts,
        string? role,
        [FromQuery(Name = "user_ids")] string? userIds,
        string? page,
        [FromQuery(Name = "page_size")] string? pageSize,
        CancellationToken cancellationToken)
    {
        if (QueryNumber.Read(page, 1, MaxPage) is not { } number) return new ErrorResult(QueryNumber.OutOfRange("page", MaxPage));
        if (QueryNumber.Read(pageSize, DefaultSize, MaxSize) is not { } size) return new ErrorResult(QueryNumber.OutOfRange("page_size", MaxSize));
        if (role is not null && !RoleNames.IsKnown(role)) return new ErrorResult(ProxyError.BadRequest($"'role' must be one of {string.Join(", ", RoleNames.All)}.", "role"));

        var ids = userIds?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (ids?.Length > MaxIds) return new ErrorResult(ProxyError.BadRequest($"'user_ids' must not name more than {MaxIds}.", "user_ids"));
        if (ids?.Any(id => id.Any(char.IsControl)) == true) return new ErrorResult(ProxyError.BadRequest("'user_ids' must not hold control characters.", "user_ids"));

        var (rows, total) = await store.ListUsersAsync(role, ids, size, (number - 1L) * size, cancellationToken);
        return Show(new JsonObject
        {
            ["users"] = new JsonArray([.. await facts.ShowAsync(rows, cancellationToken)]),
            ["total"] = total,
            ["page"] = number,
            ["page_size"] = size,
            ["total_pages"] = (total + size - 1) / size,
        });
    }

    private static JsonHttpResult<JsonObject> ShowRoles() => Show(new JsonObject(
        Roles.Select(role => KeyValuePair.Create(role.Role, (JsonNode?)new JsonObject { ["ui_label"] = role.Label, ["description"] = role.Description }))));

    private static JsonHttpResult<JsonObject> Show(JsonObject view) => TypedResults.Json(view, AccountJson.Default.JsonObject);
}
