using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Models;

/// <summary>Which deployments <c>GET /v2/model/info</c> shows, in which order, and which page of them.</summary>
internal sealed record ModelPageQuery(
    [property: FromQuery(Name = "model")] string? Model,
    [property: FromQuery(Name = "modelId")] string? ModelId,
    [property: FromQuery(Name = "search")] string? Search,
    [property: FromQuery(Name = "sortBy")] string? SortBy,
    [property: FromQuery(Name = "sortOrder")] string? SortOrder,
    [property: FromQuery(Name = "page")] string? Page,
    [property: FromQuery(Name = "size")] string? Size)
{
    private const int DefaultSize = 50;
    private const int MaxSize = 1000;
    private const int MaxPage = 1_000_000;
    private static readonly string[] Orders = ["asc", "desc"];

    private static readonly Dictionary<string, Func<JsonObject, JsonNode?>> Columns = new(StringComparer.Ordinal)
    {
        ["model_name"] = model => model["model_name"],
        ["created_at"] = model => model["model_info"]!["created_at"],
        ["updated_at"] = model => model["model_info"]!["updated_at"],
        ["input_cost_per_token"] = model => model["model_info"]!["input_cost_per_token"],
        ["output_cost_per_token"] = model => model["model_info"]!["output_cost_per_token"],
    };

    /// <summary>Look at <see cref="FindFault"/> first.</summary>
    public int PageNumber => QueryNumber.Read(Page, 1, MaxPage) ?? 1;

    public int PageSize => QueryNumber.Read(Size, DefaultSize, MaxSize) ?? DefaultSize;

    public ProxyError? FindFault()
    {
        if (QueryNumber.Read(Page, 1, MaxPage) is null) return QueryNumber.OutOfRange("page", MaxPage);
        if (QueryNumber.Read(Size, DefaultSize, MaxSize) is null) return QueryNumber.OutOfRange("size", MaxSize);
        if (SortBy is not null && !Columns.ContainsKey(SortBy)) return Unknown("sortBy", Columns.Keys);

        return SortOrder is null || Orders.Contains(SortOrder) ? null : Unknown("sortOrder", Orders);
    }

    public IEnumerable<JsonObject> Choose(IEnumerable<JsonObject> models)
    {
        var chosen = models.Where(IsChosen);
        if (SortBy is null) return chosen;

        var sorted = chosen.OrderBy(Columns[SortBy], Comparer<JsonNode?>.Create(Compare)).ToList();
        if (SortOrder == "desc") sorted.Reverse();
        return sorted;
    }

    private bool IsChosen(JsonObject model)
    {
        var (name, id) = (model["model_name"]!.GetValue<string>(), model["model_info"]!["id"]!.GetValue<string>());
        return (Model is null || name == Model)
            && (ModelId is null || id == ModelId)
            && (Search is null || name.Contains(Search, StringComparison.OrdinalIgnoreCase));
    }

    private static int Compare(JsonNode? left, JsonNode? right) =>
        left is JsonValue one && right is JsonValue other && one.TryGetValue<decimal>(out var number) && other.TryGetValue<decimal>(out var second)
            ? number.CompareTo(second)
            : string.CompareOrdinal(left?.ToString(), right?.ToString());

    private static ProxyError Unknown(string name, IEnumerable<string> known) =>
        ProxyError.BadRequest($"'{name}' must be one of {string.Join(", ", known)}.", name);
}
