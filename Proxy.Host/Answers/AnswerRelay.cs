using System.Net;
using System.Text;
using Proxy.Host.Exchanges;
using Proxy.Host.Hosting;
using Proxy.Management.Spend;
using Yarp.ReverseProxy.Transforms;

namespace Proxy.Host.Answers;

/// <summary>
/// Brings the provider's answer to the client: YARP's response transform for every attempt. It copies the body itself, because the end of
/// an answer goes out only after the call is recorded, and because a stream that breaks has to say so in the client's protocol.
/// </summary>
internal sealed partial class AnswerRelay(BodyRelay bodies, StreamRelay streams, ShutdownDrain drain, ILogger<AnswerRelay> logger)
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

        var status = exchange.UpstreamStatus = (int)answer.StatusCode;
        if (status is < 400 and (< 200 or 204 or 205 or >= 300))
        {
            exchange.Refuse(ExchangeErrors.NoAnswer(status), SpendOutcome.Failure);
            return;
        }

        context.Response.StatusCode = exchange.Status = status;
        if (status >= 400) exchange.Outcome = SpendOutcome.Failure;

        using var idle = new IdleTimeout(exchange.Cluster!.IdleTimeout, context.RequestAborted, drain.Token);
        await using var body = await AnswerEncoding.OpenAsync(answer, idle.Token);
        if (body is null)
        {
            exchange.Refuse(ExchangeErrors.UnknownEncoding, SpendOutcome.Failure);
            return;
        }

        CopyHeaders(answer, context.Response, exchange);
        if (IsStream(answer, exchange)) await streams.RelayAsync(body, context, exchange, idle);
        else await bodies.RelayAsync(body, context, exchange, idle);
    }

    /// <summary>What the provider says it is; where it says nothing, what the client asked for.</summary>
    private static bool IsStream(HttpResponseMessage answer, Exchange exchange) => answer.Content.Headers.ContentType?.MediaType is { } type
        ? type.Equals(EventStream, StringComparison.OrdinalIgnoreCase)
        : exchange.Request!.IsStream && answer.IsSuccessStatusCode;

    private static void CopyHeaders(HttpResponseMessage answer, HttpResponse response, Exchange exchange)
    {
        foreach (var header in answer.Headers.NonValidated)
        {
            if (header.Key.StartsWith(RateLimitPrefix, StringComparison.OrdinalIgnoreCase) || PassedHeaders.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
                Set(response, header.Key, header.Value.ToString());
        }

        if (answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type)) Set(response, "Content-Type", type.ToString());
        Set(response, "x-litellm-model-id", Uri.EscapeDataString($"{exchange.Cluster!.Id}/{exchange.Attempt!.DestinationId}").Replace("%2F", "/"));
        Set(response, "x-litellm-model-group", Uri.EscapeDataString(exchange.Model!).Replace("%2F", "/"));
    }

    /// <summary>A header that this server cannot send is left out: it is no reason to lose an answer that was paid for.</summary>
    private static void Set(HttpResponse response, string name, string value)
    {
        if (Ascii.IsValid(value) && !value.Any(char.IsControl)) response.Headers[name] = value;
    }

    [LoggerMessage(LogLevel.Error, "The provider behind {Cluster}/{Destination} refused our credential with status {Status}.")]
    private partial void LogCredentialRefused(string cluster, string destination, int status);
}
