using System.Net.Http.Headers;
using System.Text;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.Langfuse;

/// <summary>Posts batches to Langfuse's OTLP endpoint. One connection pool for all targets.</summary>
internal sealed class LangfuseClient : IDisposable
{
    private const string TracesPath = "/api/public/otel/v1/traces";
    private const int MaxAnswerBytes = 16 * 1024;
    private const int KeptAnswerChars = 1024;

    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    public LangfuseClient(TimeProvider time)
    {
        _time = time;
        _http = new(new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // A redirect would carry prompts to a place that nobody named; a caller's trace is none of Langfuse's business.
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
        });
    }

    /// <summary>One attempt. Every failure is a verdict, save the end of the program.</summary>
    public Task<DeliveryVerdict> SendAsync(LogTarget target, OtlpBatch batch, TimeSpan timeout, CancellationToken abort) =>
        SendAsync(target, batch.Seal(), batch.Ids.Count, timeout, abort);

    /// <summary>Asks whether the target takes requests of ours at all; nothing is stored there.</summary>
    public Task<DeliveryVerdict> ProbeAsync(LogTarget target, TimeSpan timeout, CancellationToken abort) =>
        SendAsync(target, OtlpBatch.Nothing, records: 1, timeout, abort);

    public void Dispose() => _http.Dispose();

    private async Task<DeliveryVerdict> SendAsync(
        LogTarget target, ReadOnlyMemory<byte> content, int records, TimeSpan timeout, CancellationToken abort)
    {
        using var timer = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, abort);
        using var request = CreateRequest(target, content);
        try
        {
            using var response = await _http.SendAsync(request, either.Token);
            var answer = await ReadAnswerAsync(response, either.Token);
            abort.ThrowIfCancellationRequested();
            return DeliveryVerdict.Of((int)response.StatusCode, RetryAfter(response), records, answer);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            abort.ThrowIfCancellationRequested();
            return DeliveryVerdict.Of(exception);
        }
    }

    private static HttpRequestMessage CreateRequest(LogTarget target, ReadOnlyMemory<byte> content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target.Host.AbsoluteUri.TrimEnd('/') + TracesPath)
        {
            Content = new ReadOnlyMemoryContent(content),
        };
        request.Content.Headers.ContentType = new("application/json");
        request.Content.Headers.ContentEncoding.Add("gzip");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{target.PublicKey}:{target.SecretKey}")));
        // Version 4 is written directly where the deployment can; without it data may appear minutes late.
        request.Headers.Add("x-langfuse-ingestion-version", "4");
        request.Headers.Add("x-langfuse-sdk-name", ProductName.Name);
        request.Headers.Add("x-langfuse-sdk-version", ProductName.Version);
        return request;
    }

    /// <remarks>The status alone decides, so an answer that breaks off does not matter. It may be HTML, or endless.</remarks>
    private static async Task<string> ReadAnswerAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxAnswerBytes];
        var length = 0;
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
        }

        var text = Encoding.UTF8.GetString(buffer, 0, length).Replace('\0', ' ');
        return text.Length <= KeptAnswerChars ? text : text[..KeptAnswerChars];
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };
}
