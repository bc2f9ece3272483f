using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>Signs requests as Amazon wants it (Signature Version 4). They have no query.</summary>
internal static class RequestSigner
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string DateHeader = "x-amz-date";
    private const string TokenHeader = "x-amz-security-token";

    /// <param name="content">What is sent; null for nothing.</param>
    /// <param name="hash">SHA-256 of it.</param>
    public static void Sign(HttpRequestMessage message, HttpContent? content, ReadOnlySpan<byte> hash, AwsKeys keys, string service, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{keys.Region}/{service}/aws4_request";
        message.Headers.TryAddWithoutValidation(DateHeader, time);
        if (keys.SessionToken is not null) message.Headers.TryAddWithoutValidation(TokenHeader, keys.SessionToken);

        var (headers, names) = Headers(message.RequestUri!, content, time, keys.SessionToken);
        var request = $"{message.Method.Method}\n{CanonicalPath(message.RequestUri!)}\n\n{headers}\n{names}\n{Convert.ToHexStringLower(hash)}";
        var toSign = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(SigningKey(keys, time[..8], service), Encoding.UTF8.GetBytes(toSign)));
        message.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={keys.AccessKeyId}/{scope}, SignedHeaders={names}, Signature={signature}");
    }

    /// <summary>What is signed of the headers, by their names in order: what others add on the way must not break it.</summary>
    private static (string Headers, string Names) Headers(Uri uri, HttpContent? content, string time, string? token)
    {
        var (headers, names) = (new StringBuilder(), new StringBuilder());
        if (content?.Headers.ContentType is { } type) Add("content-type", type.ToString());
        Add("host", uri.IsDefaultPort ? uri.IdnHost : string.Create(CultureInfo.InvariantCulture, $"{uri.IdnHost}:{uri.Port}"));
        Add(DateHeader, time);
        if (token is not null) Add(TokenHeader, token);
        return (headers.ToString(), names.ToString());

        void Add(string name, string value)
        {
            headers.Append(name).Append(':').Append(value).Append('\n');
            names.Append(names.Length > 0 ? ";" : "").Append(name);
        }
    }

    /// <summary>Amazon escapes each part of the path once more than it is sent.</summary>
    private static string CanonicalPath(Uri uri) => string.Join('/', uri.AbsolutePath.Split('/').Select(Uri.EscapeDataString));

    private static byte[] SigningKey(AwsKeys keys, string date, string service)
    {
        var key = Encoding.UTF8.GetBytes("AWS4" + keys.SecretAccessKey);
        foreach (var part in (ReadOnlySpan<string>)[date, keys.Region, service, "aws4_request"]) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return key;
    }
}
