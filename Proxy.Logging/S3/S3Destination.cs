using Proxy.Logging.Http;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.S3;

/// <summary>Puts each batch into a bucket as one object of lines, named after its first record: what is sent again replaces itself.</summary>
/// <remarks>The bucket is the target's public key; its secret is <c>access key, line end, secret key</c>.</remarks>
internal sealed class S3Destination(LogHttp http, TimeProvider time) : ILogDestination
{
    public string Kind => LogKinds.S3;

    public ValueTask<BatchFormat> FindFormatAsync(LogTarget target, CancellationToken abort) => new(LineFormat.Lines);

    public Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort) =>
        PutAsync(target, ObjectName.Of(batch), batch.Seal(), batch.Ids.Count, abort);

    /// <summary>A bucket that takes a small object takes requests of ours.</summary>
    public Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort) => PutAsync(target, "probe", new byte[] { (byte)'\n' }, records: 1, abort);

    private async Task<DeliveryVerdict> PutAsync(LogTarget target, string name, ReadOnlyMemory<byte> body, int records, CancellationToken abort)
    {
        var prefix = target.FindOption("path") is { Length: > 0 } path ? path.Trim('/') + "/" : "";
        using var request = new HttpRequestMessage(
            HttpMethod.Put, $"{target.Host.AbsoluteUri.TrimEnd('/')}/{ObjectName.Escape(target.PublicKey)}/{ObjectName.Escape(prefix + name)}")
        {
            Content = new ReadOnlyMemoryContent(body),
        };
        request.Content.Headers.ContentType = new("application/x-ndjson");
        var keys = target.SecretKey.Split('\n', 2);
        S3Signature.Sign(request, new S3Credentials(keys[0], keys.Length > 1 ? keys[1] : "", target.FindOption("region") ?? "us-east-1"), body.Span, time.GetUtcNow());
        return (await http.SendAsync(target, request, abort)).VerdictOf(records);
    }
}
