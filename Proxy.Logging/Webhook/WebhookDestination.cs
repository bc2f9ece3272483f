using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Proxy.Logging.Http;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.Webhook;

/// <summary>Posts a JSON array of records to an address, signed so that the receiver knows who sent it and when.</summary>
/// <remarks>The signature is the HMAC-SHA256 of <c>timestamp.body</c>: with the time inside, an old request cannot be played again.</remarks>
internal sealed class WebhookDestination(LogHttp http, TimeProvider time) : ILogDestination
{
    public const string SignatureHeader = "x-proxy-signature";
    public const string TimestampHeader = "x-proxy-timestamp";

    private static readonly byte[] Nothing = [.. "[]"u8];

    public string Kind => LogKinds.Webhook;

    public BatchFormat UsualFormat => LineFormat.Array;

    public async Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort)
    {
        using var request = Request(target, batch.Content);
        return (await http.SendAsync(target, request, abort)).VerdictOf(batch.Rows.Count);
    }

    public async Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort)
    {
        using var request = Request(target, Nothing);
        return (await http.SendAsync(target, request, abort)).VerdictOf(records: 1);
    }

    public static string Sign(string secret, string timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes(timestamp + "."));
        hmac.AppendData(body);
        return "sha256=" + Convert.ToHexStringLower(hmac.GetHashAndReset());
    }

    private HttpRequestMessage Request(LogTarget target, ReadOnlyMemory<byte> body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target.Host) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add(TimestampHeader, timestamp);
        request.Headers.Add(SignatureHeader, Sign(target.SecretKey, timestamp, body.Span));
        return request;
    }
}
