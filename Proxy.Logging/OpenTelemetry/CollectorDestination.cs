using Proxy.Logging.Http;
using Proxy.Logging.Otlp;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.OpenTelemetry;

/// <summary>Posts spans to a collector. Its headers, which may hold its credential, are the target's secret.</summary>
internal sealed class CollectorDestination(LogHttp http) : ILogDestination
{
    private const string TracesPath = "/v1/traces";

    public string Kind => LogKinds.OpenTelemetry;

    public BatchFormat UsualFormat => GenAiFormat.Instance;

    public async Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort)
    {
        using var request = Request(target, batch.Content);
        if (batch.IsCompressed) request.Content!.Headers.ContentEncoding.Add("gzip");
        return (await http.SendAsync(target, request, abort)).VerdictOf(batch.Rows.Count);
    }

    public async Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort)
    {
        using var request = Request(target, OtlpRequest.Empty);
        return (await http.SendAsync(target, request, abort)).VerdictOf(records: 1);
    }

    private static HttpRequestMessage Request(LogTarget target, ReadOnlyMemory<byte> body)
    {
        var address = target.Host.AbsoluteUri.TrimEnd('/');
        var request = new HttpRequestMessage(HttpMethod.Post, address.EndsWith(TracesPath, StringComparison.Ordinal) ? address : address + TracesPath)
        {
            Content = new ReadOnlyMemoryContent(body),
        };
        request.Content.Headers.ContentType = new(OtlpRequest.ContentType);

        // name=value,name=value, as OTEL_EXPORTER_OTLP_HEADERS has them.
        foreach (var header in target.SecretKey.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (header.IndexOf('=') is > 0 and var cut) request.Headers.TryAddWithoutValidation(header[..cut].Trim(), Uri.UnescapeDataString(header[(cut + 1)..].Trim()));
        }

        return request;
    }
}
