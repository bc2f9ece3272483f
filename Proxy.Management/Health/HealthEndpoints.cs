using System.Data.Common;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Storage;

namespace Proxy.Management.Health;

/// <summary>Whether the program runs, and whether it can do its work.</summary>
internal static class HealthEndpoints
{
    private const string Alive = "I'm alive!";

    /// <summary>The version of the API that clients find here.</summary>
    private const string ApiVersion = "1.80.9";

    public static void MapHealthEndpoints(this IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/health/liveness", "/health/liveliness"])
        {
            routes.MapGet(path, AccessRule.Public, SayAlive);
            routes.MapHead(path, AccessRule.Public, SayAlive);
        }

        routes.MapGet("/health/readiness", AccessRule.Public, SayReadyAsync);
        routes.MapGet("/routes", AccessRule.Public, ListRoutes);
    }

    /// <summary>Which paths there are, and by which methods they are called.</summary>
    private static JsonHttpResult<RouteList> ListRoutes(EndpointDataSource endpoints) => TypedResults.Json(
        new RouteList(
            [.. endpoints.Endpoints.OfType<RouteEndpoint>()
                .GroupBy(endpoint => "/" + endpoint.RoutePattern.RawText?.TrimStart('/'), StringComparer.Ordinal)
                .OrderBy(path => path.Key, StringComparer.Ordinal)
                .Select(path => new RouteView(
                    path.Key, [.. path.SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Distinct().Order(StringComparer.Ordinal)]))]),
        HealthJson.Default.RouteList);

    private static JsonHttpResult<string> SayAlive() => TypedResults.Json(Alive, HealthJson.Default.String);

    private static async Task<IResult> SayReadyAsync(
        Database database, CommitQueue commits, IEnumerable<IReadinessCondition> conditions, TimeProvider time, CancellationToken cancellationToken)
    {
        var answers = commits.IsWritable && await AnswersAsync(database, cancellationToken);
        var missing = conditions.Select(condition => condition.Missing).OfType<string>().ToList();
        var isReady = answers && missing.Count == 0;
        var status = isReady ? "healthy" : answers ? "starting" : "unhealthy";
        var readiness = new Readiness(status, answers ? "connected" : "Not connected", Cache: null, ApiVersion, [], missing, time.GetUtcNow());
        return TypedResults.Json(
            readiness,
            HealthJson.Default.Readiness,
            statusCode: isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<bool> AnswersAsync(Database database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenApartAsync(cancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = "select count(*) from schema_script";
            await command.ExecuteScalarAsync(cancellationToken);
            return true;
        }
        catch (DbException)
        {
            return false;
        }
    }
}

internal sealed record Readiness(
    string Status, string Db, string? Cache, string LitellmVersion, IReadOnlyList<string> SuccessCallbacks, IReadOnlyList<string> Missing, DateTimeOffset LastUpdated);

internal sealed record RouteList(IReadOnlyList<RouteView> Routes);

/// <param name="Methods">None where any method is taken.</param>
internal sealed record RouteView(string Path, IReadOnlyList<string> Methods);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Readiness))]
[JsonSerializable(typeof(RouteList))]
internal sealed partial class HealthJson : JsonSerializerContext;
