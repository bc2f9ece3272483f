using System.Security.Cryptography;
using System.Text;

namespace Proxy.Logging.S3;

/// <summary>Signs a request with AWS Signature Version 4, which every S3 server takes.</summary>
internal static class S3Signature
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    public static void Sign(HttpRequestMessage request, S3Credentials credentials, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var stamp = $"{now.UtcDateTime:yyyyMMddTHHmmssZ}";
        var day = stamp[..8];
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        var host = request.RequestUri!.Authority;
        var headers = $"host:{host}\nx-amz-content-sha256:{hash}\nx-amz-date:{stamp}\n";
        const string Names = "host;x-amz-content-sha256;x-amz-date";
        var canonical = $"{request.Method}\n{request.RequestUri.AbsolutePath}\n\n{headers}\n{Names}\n{hash}";

        var scope = $"{day}/{credentials.Region}/s3/aws4_request";
        var text = $"{Algorithm}\n{stamp}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (var step in (string[])[day, credentials.Region, "s3", "aws4_request"]) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step));
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));

        request.Headers.Add("x-amz-content-sha256", hash);
        request.Headers.Add("x-amz-date", stamp);
        request.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={credentials.AccessKey}/{scope}, SignedHeaders={Names}, Signature={signature}");
    }
}

internal sealed record S3Credentials(string AccessKey, string SecretKey, string Region)
{
    public override string ToString() => AccessKey;
}
