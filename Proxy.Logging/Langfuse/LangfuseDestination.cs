using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Proxy.Logging.Http;
using Proxy.Logging.Otlp;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.Langfuse;

/// <summary>Posts records to a project of a Langfuse, in the way that its version takes them.</summary>
internal sealed class LangfuseDestination(LogHttp http, LangfuseServers servers) : ILogDestination
{
    private const string TracesPath = "/api/public/otel/v1/traces";
    private const string IngestionPath = "/api/public/ingestion";
    private const string ProjectsPath = "/api/public/projects";
    private const string JsonType = "application/json";
    private const int MaxAnswerBytes = 4 * 1024 * 1024;

    private static readonly byte[] NoCall = Compress(OtlpRequest.Empty);

    // In JSON, of which it is known that nothing comes of it.
    private static readonly byte[] NoSpans = Compress("""{"resourceSpans":[]}"""u8);
    private static readonly byte[] NoEvents = [.. """{"batch":[]}"""u8];

    // Who has taken spans takes their form. From anybody else a refusal may mean the form, whatever stands in it.
    private readonly ConcurrentDictionary<Uri, bool> _takers = new();

    public string Kind => LogKinds.Langfuse;

    public BatchFormat UsualFormat => OtlpFormat.Instance;

    public ValueTask<BatchFormat> FindFormatAsync(LogTarget target, CancellationToken abort) => servers.FindAsync(target, abort);

    public async Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort)
    {
        var isLegacy = batch.Format == LegacyFormat.Instance;
        using var request = Request(target, isLegacy, isLegacy ? JsonType : OtlpRequest.ContentType, batch.Content, batch.IsCompressed);
        var answer = await http.SendAsync(target, request, abort, MaxAnswerBytes);
        var verdict = isLegacy && answer.IsSuccess
            ? LegacyAnswer.Read(answer.Body, batch.Records)
            : answer.VerdictOf(batch.Rows.Count);

        if (!isLegacy && answer.IsSuccess) _takers.TryAdd(target.Host, true);

        // No such path, or no such events: the server may have been replaced by one of another version.
        if (verdict.Kind != Delivery.Rebuild && answer.Status is not (404 or 405 or 410)) return verdict;
        if (await servers.HasChangedAsync(target, batch.Format, abort)) return LegacyAnswer.WrongTransport;

        return DeliveryVerdict.Parked(verdict.Kind == Delivery.Rebuild ? verdict.Reason : $"{answer.Status}");
    }

    public async Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort)
    {
        var format = await servers.FindAsync(target, abort);
        var isLegacy = format == LegacyFormat.Instance;
        using var request = Request(target, isLegacy, JsonType, isLegacy ? NoEvents : NoSpans, format.IsCompressed);
        var answer = await http.SendAsync(target, request, abort);
        if (isLegacy || !answer.IsSuccess || _takers.ContainsKey(target.Host)) return answer.VerdictOf(records: 1);

        using var spans = Request(target, isLegacy: false, OtlpRequest.ContentType, NoCall, isCompressed: true);
        return (await http.SendAsync(target, spans, abort)).VerdictOf(records: 1);
    }

    /// <summary>The project that the secret leads to: the only proof of where records land.</summary>
    public async Task<string?> DescribeAsync(LogTarget target, CancellationToken abort)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target.Host.AbsoluteUri.TrimEnd('/') + ProjectsPath);
        request.Headers.Authorization = Credentials(target);
        var answer = await http.SendAsync(target, request, abort);
        if (!answer.IsSuccess) return null;

        try
        {
            using var projects = JsonDocument.Parse(answer.Body);
            return $"project '{projects.RootElement.GetProperty("data")[0].GetProperty("name").GetString()}'";
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static HttpRequestMessage Request(LogTarget target, bool isLegacy, string contentType, ReadOnlyMemory<byte> content, bool isCompressed)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target.Host.AbsoluteUri.TrimEnd('/') + (isLegacy ? IngestionPath : TracesPath))
        {
            Content = new ReadOnlyMemoryContent(content),
        };
        request.Content.Headers.ContentType = new(contentType);
        request.Headers.Authorization = Credentials(target);
        request.Headers.Add("x-langfuse-sdk-name", ProductName.Name);
        request.Headers.Add("x-langfuse-sdk-version", ProductName.Version);
        if (isCompressed) request.Content.Headers.ContentEncoding.Add("gzip");
        if (isLegacy) return request;

        // Version 4 is written directly where the deployment can; without it data may appear minutes late.
        request.Headers.Add("x-langfuse-ingestion-version", "4");
        return request;
    }

    private static AuthenticationHeaderValue Credentials(LogTarget target) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{target.PublicKey}:{target.SecretKey}")));

    private static byte[] Compress(ReadOnlySpan<byte> content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest)) gzip.Write(content);
        return compressed.ToArray();
    }
}
