using System.Collections.Frozen;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Swashbuckle.AspNetCore.SwaggerUI;

namespace Proxy.Host.ApiDocs;

/// <summary><c>GET /docs</c>: the API's document as a page, made of what lies in this program alone.</summary>
internal static class DocsPage
{
    private const string Resources = "Swashbuckle.AspNetCore.SwaggerUI.node_modules.swagger_ui_dist.";
    private const string Script = "text/javascript; charset=utf-8";

    /// <summary>The page loads nothing from elsewhere, runs no script but its own, and cannot be framed.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly byte[] Page = Encoding.UTF8.GetBytes("""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>Proxy API</title>
        <link rel="stylesheet" href="/docs/swagger-ui.css">
        <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
        </head>
        <body>
        <div id="swagger-ui"></div>
        <script src="/docs/swagger-ui-bundle.js"></script>
        <script src="/docs/start.js"></script>
        </body>
        </html>
        """);

    private static readonly byte[] Start = Encoding.UTF8.GetBytes("""
        window.onload = function () {
          window.ui = SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, docExpansion: "none", validatorUrl: null });
        };
        """);

    private static readonly FrozenDictionary<string, string> Packed = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["swagger-ui-bundle.js"] = Script,
        ["swagger-ui.css"] = "text/css; charset=utf-8",
        ["favicon-32x32.png"] = "image/png",
    }.ToFrozenDictionary();

    public static void MapDocs(this IEndpointRouteBuilder routes)
    {
        routes.MapLazily(HttpMethods.Get, "/docs", Show);
        routes.MapLazily(HttpMethods.Get, "/docs/{file}", ShowFile);
    }

    private static FileContentHttpResult Show(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return File(context, Page, "text/html; charset=utf-8");
    }

    private static async Task<IResult> ShowFile(HttpContext context, string file)
    {
        if (file == "start.js") return File(context, Start, Script);
        if (!Packed.TryGetValue(file, out var type) || typeof(SwaggerUIOptions).Assembly.GetManifestResourceStream(Resources + file) is not { } stream)
        {
            await ErrorWriter.WriteAsync(context, ProxyError.NotFound("Not Found"));
            return Results.Empty;
        }

        // They lie packed in their assembly, and every browser takes them so.
        context.Response.Headers.ContentEncoding = "gzip";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Stream(stream, type);
    }

    private static FileContentHttpResult File(HttpContext context, byte[] content, string type)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.File(content, type);
    }
}
