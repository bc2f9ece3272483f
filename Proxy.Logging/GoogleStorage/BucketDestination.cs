using System.Net.Http.Headers;
using Google.Apis.Auth.OAuth2.Responses;
using Proxy.Logging.Http;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.GoogleStorage;

/// <summary>Puts each batch into a bucket of Google's as one object of lines. The bucket is the target's public key, the service account its secret.</summary>
internal sealed class BucketDestination(LogHttp http, GoogleTokens tokens) : ILogDestination
{
    public string Kind => LogKinds.GoogleStorage;

    public BatchFormat UsualFormat => LineFormat.Lines;

    public Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort) =>
        PutAsync(target, ObjectName.Of(batch), batch.Content, batch.Rows.Count, abort);

    /// <summary>A bucket that takes a small object takes requests of ours.</summary>
    public Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort) => PutAsync(target, "probe", new byte[] { (byte)'\n' }, records: 1, abort);

    private async Task<DeliveryVerdict> PutAsync(LogTarget target, string name, ReadOnlyMemory<byte> body, int records, CancellationToken abort)
    {
        string token;
        try
        {
            token = await tokens.FindAsync(target, abort);
        }
        catch (Exception exception) when (exception is TokenResponseException or InvalidOperationException or FormatException or ArgumentException)
        {
            return DeliveryVerdict.Parked(DeliveryVerdict.NoToken);
        }
        catch (HttpRequestException exception)
        {
            return DeliveryVerdict.Of(exception);
        }

        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            $"{target.Host.AbsoluteUri.TrimEnd('/')}/upload/storage/v1/b/{Uri.EscapeDataString(target.PublicKey)}/o?uploadType=media&name={Uri.EscapeDataString(name)}")
        {
            Content = new ReadOnlyMemoryContent(body),
        };
        request.Content.Headers.ContentType = new("application/x-ndjson");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var answer = await http.SendAsync(target, request, abort);
        if (answer.Status == 401) tokens.Forget(target);
        return answer.VerdictOf(records);
    }
}
