using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Proxy.Tests.Logging;

/// <summary>What a server of S3 does with a request to put an object: it works the signature out anew, from the bytes that came, and takes nothing that is not signed as it says.</summary>
internal sealed class FakeBucket(string accessKey, string secretKey, string region)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>What is in the bucket, by the path of each object.</summary>
    public Dictionary<string, string> Objects { get; } = [];

    public async Task AnswerAsync(HttpContext context, byte[] body)
    {
        if (FindFault(context, body) is { } fault)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync($"<Error><Code>SignatureDoesNotMatch</Code><Message>{fault}</Message></Error>");
            return;
        }

        lock (Objects) Objects[context.Request.Path.Value!] = Encoding.UTF8.GetString(body);
        context.Response.Headers.ETag = $"\"{Objects.Count}\"";
    }

    private string? FindFault(HttpContext context, byte[] body)
    {
        var request = context.Request;
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        if (request.Headers["x-amz-content-sha256"] != hash) return "The hash of the content is another.";

        var parts = request.Headers.Authorization.ToString().Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        if (parts is not [Algorithm, var credential, var signedHeaders, var signature]) return "No signature of version 4.";

        var stamp = request.Headers["x-amz-date"].ToString();
        var scope = $"{stamp[..8]}/{region}/s3/aws4_request";
        if (credential != $"Credential={accessKey}/{scope}") return $"The credential is {credential}.";

        var names = signedHeaders["SignedHeaders=".Length..].Split(';');
        if (!names.Contains("host") || !names.Contains("x-amz-date") || !names.Contains("x-amz-content-sha256")) return "Too little is signed.";

        var path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var headers = string.Concat(names.Select(name => $"{name}:{request.Headers[name].ToString().Trim()}\n"));
        var canonical = $"{request.Method}\n{path}\n\n{headers}\n{string.Join(';', names)}\n{hash}";
        var text = $"{Algorithm}\n{stamp}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + secretKey), (last, step) => HMACSHA256.HashData(last, Encoding.UTF8.GetBytes(step)));
        return signature == $"Signature={Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)))}" ? null : "The signature is another.";
    }
}
