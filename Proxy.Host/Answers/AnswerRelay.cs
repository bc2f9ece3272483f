using System.IO.Compression;
using System.Net;
using Proxy.Host.Exchanges;
using Proxy.Management.Spend;
using Yarp.ReverseProxy.Transforms;

namespace Proxy.Host.Answers;

/// <summary>
/// Brings the provider's answer to the client: YARP's response transform for every attempt. It copies the body itself, because the end of
/// an answer goes out only after the call is recorded, and because a stream that breaks has to say so in the client's protocol.
/// </summary>
internal sealed partial class AnswerRelay(BodyRelay bodies, StreamRelay streams, ILogger<AnswerRelay> logger)
{
    private const string EventStream = "text/event-stream";

    /// <summary>Of the provider's headers only these reach the client; others name accounts, set cookies, or speak of its connection.</summary>
    private static readonly string[] PassedHeaders = ["Retry-After", "x-request-id", "openai-processing-ms", "openai-version", "retry-after-ms"];
    private const string RateLimitPrefix = "x-ratelimit-";

    public async ValueTask RelayAsync(ResponseTransformContext transform)
    {
        // YARP could not get an answer; the exchange reads why.
        if (transform.ProxyResponse is not { } answer) return;

        transform.SuppressResponseBody = true;
        var context = transform.HttpContext;
        var exchange = context.Exchange;

        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            // It means the gateway's credential, not the client's, and providers quote the credential in it.
            LogCredentialRefused(exchange.Cluster!.Id, exchange.Attempt!.DestinationId, (int)answer.StatusCode);
            exchange.Refuse(ExchangeErrors.ProviderRefusesCredential, SpendOutcome.Failure);
            return;
        }

        context.Response.StatusCode = exchange.Status = (int)answer.StatusCode;
        if ((int)answer.StatusCode >= 400) exchange.Outcome = SpendOutcome.Failure;
        CopyHeaders(answer, context.Response, exchange);

        using var idle = new IdleTimeout(exchange.Cluster!.IdleTimeout, context.RequestAborted);
        await using var body = await OpenAsync(answer, idle.Token);
        if (answer.Content.Headers.ContentType?.MediaType == EventStream) await streams.RelayAsync(body, context, exchange, idle);
        else await bodies.RelayAsync(body, context, exchange, idle);
    }

    private static void CopyHeaders(HttpResponseMessage answer, HttpResponse response, Exchange exchange)
    {
        foreach (var header in answer.Headers.NonValidated)
        {
            if (header.Key.StartsWith(RateLimitPrefix, StringComparison.OrdinalIgnoreCase) || PassedHeaders.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
                response.Headers[header.Key] = header.Value.ToString();
        }

        if (answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type)) response.ContentType = type.ToString();
        response.Headers["x-litellm-model-id"] = $"{exchange.Cluster!.Id}/{exchange.Attempt!.DestinationId}";
        response.Headers["x-litellm-model-group"] = exchange.Model;
    }

    /// <summary>The client offered no encoding to the provider (we did not ask for one), so a compressed answer is opened here.</summary>
    private static async ValueTask<Stream> OpenAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        foreach (var encoding in answer.Content.Headers.ContentEncoding.Reverse())
        {
            body = encoding.ToLowerInvariant() switch
            {
                "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(body, CompressionMode.Decompress),
                "br" => new BrotliStream(body, CompressionMode.Decompress),
                _ => body,
            };
        }

        return body;
    }

    [LoggerMessage(LogLevel.Error, "The provider behind {Cluster}/{Destination} refused our credential with status {Status}.")]
    private partial void LogCredentialRefused(string cluster, string destination, int status);
}
