using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>Several keys at once: in pages, by their aliases, or those that somebody names.</summary>
internal static class KeyListEndpoints
{
    private const int UsualSize = 10;
    private const int MaxSize = 100;
    private const int UsualAliases = 100;
    private const int MaxAliases = 1000;

    public static void MapKeyListEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/key/list", AccessRule.OwnerOrAdmin, ListAsync);
        routes.MapGet("/key/aliases", AccessRule.OwnerOrAdmin, ListAliasesAsync);
        routes.MapPost("/v2/key/info", AccessRule.OwnerOrAdmin, ShowAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, KeyList list, KeySight sight, CancellationToken cancellationToken)
    {
        var query = new KeyListQuery(context.Request.Query, KeyListQuery.OfKeys, MaxSize, UsualSize);
        if (query.Error is { } fault) return new ErrorResult(fault);

        var filter = await sight.NarrowAsync(query, context.ManagementCaller, cancellationToken);
        var (keys, total) = await list.ReadAsync(filter, query.Page, cancellationToken);
        var pages = (total + query.Page.Size - 1) / query.Page.Size;
        return query.ReturnsObjects
            ? TypedResults.Json(new KeyObjectPage([.. keys.Select(KeyView.WithToken)], total, query.Page.Number, pages), KeyListJson.Default.KeyObjectPage)
            : TypedResults.Json(new KeyHashPage([.. keys.Select(key => key.Identity.Hash.ToString())], total, query.Page.Number, pages), KeyListJson.Default.KeyHashPage);
    }

    private static async Task<IResult> ListAliasesAsync(HttpContext context, KeyList list, KeySight sight, CancellationToken cancellationToken)
    {
        var query = new KeyListQuery(context.Request.Query, KeyListQuery.OfAliases, MaxAliases, UsualAliases);
        if (query.Error is { } fault) return new ErrorResult(fault);

        var (aliases, total) = await list.ReadAliasesAsync(await sight.NarrowAsync(query, context.ManagementCaller, cancellationToken), query.Page.Number, query.Page.Size, cancellationToken);
        var pages = (total + query.Page.Size - 1) / query.Page.Size;
        return TypedResults.Json(new KeyAliasPage(aliases, total, query.Page.Number, pages, query.Page.Size), KeyListJson.Default.KeyAliasPage);
    }

    /// <remarks>What is unknown, and what is not the caller's to see, is missing alike.</remarks>
    private static async Task<IResult> ShowAsync(HttpContext context, KeyStore store, TeamRing teams, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var named = fields!.TextList("keys");
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (named is null) return new ErrorResult(KeyErrors.NoKeysPassed);
        if (named.Count > MaxSize) return new ErrorResult(KeyErrors.TooMany("keys", MaxSize));

        var shown = new List<KeyView>();
        foreach (var hash in named.Select(KeyFormat.FindHash).OfType<KeyHash>().Distinct())
        {
            if (await store.FindNamedAsync(hash, cancellationToken) is not { } record) continue;

            var team = record.Identity.TeamId is { } teamId ? await teams.FindAsync(teamId) : null;
            if (context.ManagementCaller.MaySee(record.Identity, team?.Current)) shown.Add(KeyView.WithToken(record));
        }

        return TypedResults.Json(new KeyInfos(named, shown), KeyListJson.Default.KeyInfos);
    }
}

internal sealed record KeyHashPage(IReadOnlyList<string> Keys, long TotalCount, int CurrentPage, long TotalPages);

internal sealed record KeyObjectPage(IReadOnlyList<KeyView> Keys, long TotalCount, int CurrentPage, long TotalPages);

internal sealed record KeyAliasPage(IReadOnlyList<string> Aliases, long TotalCount, int CurrentPage, long TotalPages, int Size);

/// <param name="Key">As the caller named them.</param>
/// <param name="Info">Those that are known.</param>
internal sealed record KeyInfos(IReadOnlyList<string> Key, IReadOnlyList<KeyView> Info);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeyHashPage))]
[JsonSerializable(typeof(KeyObjectPage))]
[JsonSerializable(typeof(KeyAliasPage))]
[JsonSerializable(typeof(KeyInfos))]
internal sealed partial class KeyListJson : JsonSerializerContext;
