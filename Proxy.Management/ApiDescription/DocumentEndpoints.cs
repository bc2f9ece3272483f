using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;

namespace Proxy.Management.ApiDescription;

/// <summary><c>GET /openapi.json</c>: the API described. It says nothing about what the gateway holds, so anybody may read it.</summary>
internal static class DocumentEndpoints
{
    public static readonly EndpointDescription[] Descriptions =
        [new("GET", "/openapi.json", "This document.") { AnswerExample = """{"openapi":"3.1.1"}""" }];

    public static void MapDocumentEndpoints(this IEndpointRouteBuilder routes) => routes.MapGet("/openapi.json", AccessRule.Public, Show);

    private static Utf8ContentHttpResult Show(ApiDocument document) => TypedResults.Text(document.Json, "application/json");
}

/// <summary>The document, written when it is first asked for.</summary>
internal sealed class ApiDocument(EndpointDescriptions descriptions, EndpointDataSource endpoints)
{
    private readonly Lazy<byte[]> _json = new(() => Encoding.UTF8.GetBytes(
        OpenApiWriter.Write(descriptions, endpoints.Endpoints.OfType<RouteEndpoint>()).ToJsonString()));

    public ReadOnlySpan<byte> Json => _json.Value;
}
