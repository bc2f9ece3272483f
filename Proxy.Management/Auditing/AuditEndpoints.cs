using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;
using Proxy.Management.Storage;
using static Proxy.Management.ApiDescription.SharedFields;

namespace Proxy.Management.Auditing;

/// <summary>Reads of the audit, in pages.</summary>
internal static class AuditEndpoints
{
    public static void MapAuditEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/audit", AccessRule.AdminOrViewer, ListAsync);
        routes.MapGet("/audit/{id}", AccessRule.AdminOrViewer, FindAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, AuditLog log, CancellationToken cancellationToken)
    {
        var query = new AuditQuery(context.Request.Query);
        if (query.Error is { } fault) return new ErrorResult(fault);

        var (rows, total) = await log.ListAsync(query, cancellationToken);
        return TypedResults.Json(
            new AuditPage([.. rows.Select(AuditView.Of)], total, query.Page, query.Size, (total + query.Size - 1) / query.Size),
            AuditJson.Default.AuditPage);
    }

    private static async Task<IResult> FindAsync(AuditLog log, string id, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var known) && await log.FindAsync(known.ToString(), cancellationToken) is { } row
            ? TypedResults.Json(AuditView.Of(row), AuditJson.Default.AuditView)
            : new ErrorResult(ProxyError.NotFound("There is no entry of the audit with this id.", "id"));
}

/// <summary>One entry as it is shown.</summary>
/// <param name="ChangedBy">The user of the key that called; null for what the gateway did by itself.</param>
/// <param name="ClaimedBy">Whom the caller said to act for.</param>
internal sealed record AuditView(
    string Id, DateTimeOffset UpdatedAt, string? ChangedBy, string? ChangedByApiKey, string? KeyAlias, string? ClaimedBy, string Action, string TableName, string ObjectId,
    JsonObject? BeforeValue, JsonObject? UpdatedValues)
{
    public static AuditView Of(AuditRow row) => new(
        row.Id, Columns.ToMoment(row.ChangedAt), row.ChangedBy, row.ChangedByKey, row.KeyAlias, row.ClaimedBy, row.Action, row.TableName, row.ObjectId,
        Parse(row.BeforeValue), Parse(row.UpdatedValues));

    private static JsonObject? Parse(string? value) => value is null ? null : JsonNode.Parse(value)!.AsObject();
}

internal sealed record AuditPage(IReadOnlyList<AuditView> AuditLogs, long Total, int Page, int PageSize, long TotalPages);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(AuditView))]
internal sealed partial class AuditJson : JsonSerializerContext;

/// <summary>The audit in the API's document.</summary>
internal static class AuditDescriptions
{
    public static readonly EndpointDescription[] All =
    [
        new("GET", "/audit", "Lists who changed what, the latest first.")
        {
            Query = [.. AuditQuery.Known.Select(QueryField)],
            Answer = AuditJson.Default.AuditPage,
        },
        new("GET", "/audit/{id}", "Shows one change.") { Answer = AuditJson.Default.AuditView },
    ];

    private static DetailField QueryField(string name) => name is "page" or "page_size" ? new DetailField(name, DetailShape.Count) : Text(name);
}
