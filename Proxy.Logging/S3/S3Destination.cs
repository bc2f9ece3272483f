using System.Runtime.InteropServices;
using System.Text;
using Amazon.Runtime;
using Amazon.S3.Model;
using Proxy.Logging.Http;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.S3;

/// <summary>Puts each batch into a bucket as one object of lines, named after its first record: what is sent again replaces itself.</summary>
/// <remarks>The bucket is the target's public key; its secret is <c>access key, line end, secret key</c>.</remarks>
internal sealed class S3Destination(LogHttp http) : ILogDestination
{
    public string Kind => LogKinds.S3;

    public BatchFormat UsualFormat => LineFormat.Lines;

    public Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort) =>
        PutAsync(target, ObjectName.Of(batch), batch.Content, batch.Rows.Count, abort);

    /// <summary>A bucket that takes a small object takes requests of ours.</summary>
    public Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort) => PutAsync(target, "probe", new byte[] { (byte)'\n' }, records: 1, abort);

    private async Task<DeliveryVerdict> PutAsync(LogTarget target, string name, ReadOnlyMemory<byte> body, int records, CancellationToken abort)
    {
        var prefix = target.FindOption("path") is { Length: > 0 } path ? path.Trim('/') + "/" : "";
        MemoryMarshal.TryGetArray(body, out var bytes);
        var put = new PutObjectRequest
        {
            BucketName = target.PublicKey,
            Key = prefix + name,
            InputStream = new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false),
            ContentType = "application/x-ndjson",

            // Servers of others than Amazon do not know its way to sign a body in pieces.
            UseChunkEncoding = false,
        };
        try
        {
            return (await http.SendAsync(target, (connections, token) => PutAsync(target, put, connections, token), abort)).VerdictOf(records);
        }
        catch (Exception exception) when (exception is AmazonClientException or ArgumentException or InvalidOperationException)
        {
            // Nothing was sent: the client itself does not take the names or the keys.
            return DeliveryVerdict.Parked("unusable bucket");
        }
    }

    private async Task<LogHttp.HttpAnswer> PutAsync(LogTarget target, PutObjectRequest put, HttpMessageHandler connections, CancellationToken token)
    {
        using var witness = new Witness(connections);
        using var client = new S3Client(target, witness);
        var said = "";
        try
        {
            await client.PutObjectAsync(put, token);
        }
        catch (AmazonServiceException exception) when (witness.Answer is not null)
        {
            said = $"{exception.ErrorCode} {exception.Message}";
        }
        catch when (witness.Failure is not null)
        {
            return new(0, null, default) { Failure = witness.Failure };
        }

        // Also of a redirect, which the client takes for a success.
        return new((int)witness.Answer!.StatusCode, http.RetryAfter(witness.Answer), Encoding.UTF8.GetBytes(said));
    }
}
