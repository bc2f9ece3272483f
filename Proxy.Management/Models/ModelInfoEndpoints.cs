using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Errors;

namespace Proxy.Management.Models;

/// <summary>Which models there are, for whoever may use them: every deployment, in pages, or by the name that clients call.</summary>
internal static class ModelInfoEndpoints
{
    public static void MapModelInfoEndpoints(this IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/model/info", "/v1/model/info"]) routes.MapGet(path, AccessRule.OwnerOrAdmin, List);
        routes.MapGet("/v2/model/info", AccessRule.OwnerOrAdmin, ListPage);
        routes.MapGet("/model_group/info", AccessRule.OwnerOrAdmin, ListGroups);
    }

    private static JsonHttpResult<ModelList> List(
        HttpContext context, IModelRouting routing, [FromQuery(Name = "litellm_model_id")] string? id)
    {
        var models = routing.Show(context.ManagementCaller).Where(model => id is null || IdOf(model) == id);
        return TypedResults.Json(new ModelList([.. models]), ModelInfoJson.Default.ModelList);
    }

    private static IResult ListPage(HttpContext context, IModelRouting routing, [AsParameters] ModelPageQuery query)
    {
        if (query.FindFault() is { } fault) return new ErrorResult(fault);

        var models = query.Choose(routing.Show(context.ManagementCaller)).ToList();
        var page = models.Skip((query.PageNumber - 1) * query.PageSize).Take(query.PageSize);
        return TypedResults.Json(
            new ModelPage([.. page], models.Count, query.PageNumber, (models.Count + query.PageSize - 1) / query.PageSize, query.PageSize),
            ModelInfoJson.Default.ModelPage);
    }

    private static JsonHttpResult<ModelGroups> ListGroups(
        HttpContext context, IModelRouting routing, [FromQuery(Name = "model_group")] string? name)
    {
        var groups = routing.Show(context.ManagementCaller)
            .GroupBy(model => model["model_name"]!.GetValue<string>(), StringComparer.Ordinal)
            .Where(group => name is null || group.Key == name)
            .Select(group => ModelGroup.Of(group.Key, [.. group]));
        return TypedResults.Json(new ModelGroups([.. groups]), ModelInfoJson.Default.ModelGroups);
    }

    private static string IdOf(JsonObject model) => model["model_info"]!["id"]!.GetValue<string>();
}

internal sealed record ModelList(IReadOnlyList<JsonObject> Data);

internal sealed record ModelPage(IReadOnlyList<JsonObject> Data, int TotalCount, int CurrentPage, int TotalPages, int Size);

internal sealed record ModelGroups(IReadOnlyList<ModelGroup> Data);

/// <summary>All deployments of a name as one: the widest window, the dearest price, the limits of all together.</summary>
/// <param name="ModelName">What clients call.</param>
/// <param name="Tpm">Null when a deployment has no limit.</param>
/// <param name="Rpm">Null when a deployment has no limit.</param>
internal sealed record ModelGroup(
    [property: JsonPropertyName("model_group")] string ModelName,
    IReadOnlyList<string> Providers,
    string? Mode,
    decimal? MaxInputTokens,
    decimal? MaxOutputTokens,
    decimal? InputCostPerToken,
    decimal? OutputCostPerToken,
    decimal? Tpm,
    decimal? Rpm)
{
    public static ModelGroup Of(string name, IReadOnlyList<JsonObject> deployments) => new(
        name,
        [.. deployments.Select(model => model["litellm_params"]!["custom_llm_provider"]?.GetValue<string>()).OfType<string>().Distinct(StringComparer.Ordinal)],
        deployments.Select(model => model["model_info"]!["mode"]?.ToString()).FirstOrDefault(mode => mode is not null),
        Figures(deployments, "model_info", "max_input_tokens").Max(),
        Figures(deployments, "model_info", "max_output_tokens").Max(),
        Figures(deployments, "model_info", "input_cost_per_token").Max(),
        Figures(deployments, "model_info", "output_cost_per_token").Max(),
        Total(Figures(deployments, "litellm_params", "tpm")),
        Total(Figures(deployments, "litellm_params", "rpm")));

    private static List<decimal?> Figures(IReadOnlyList<JsonObject> deployments, string part, string name) =>
        [.. deployments.Select(model => model[part]![name] is JsonValue value && value.TryGetValue<decimal>(out var figure) ? figure : (decimal?)null)];

    private static decimal? Total(List<decimal?> figures) => figures.Contains(null) ? null : figures.Sum();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelPage))]
[JsonSerializable(typeof(ModelGroups))]
internal sealed partial class ModelInfoJson : JsonSerializerContext;
