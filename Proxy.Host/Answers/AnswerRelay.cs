using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Yarp.ReverseProxy.Transforms;

namespace Proxy.Host.Answers;

/// <summary>
/// Brings the provider's answer to the client: YARP's response transform for every attempt. It copies the body itself, because the end of
/// an answer goes out only after the call is recorded, and because a stream that breaks has to say so in the client's protocol.
/// </summary>
internal sealed partial class AnswerRelay(BodyRelay bodies, StreamRelay streams, TimeProvider time, ILogger<AnswerRelay> logger)
{
    public async ValueTask RelayAsync(ResponseTransformContext transform)
    {
        // YARP could not get an answer; the failover reads why.
        if (transform.ProxyResponse is not { } answer) return;

        transform.SuppressResponseBody = true;
        var context = transform.HttpContext;
        var exchange = context.Exchange;
        var attempt = exchange.Attempt!;
        var status = (int)answer.StatusCode;

        await using var body = await AnswerEncoding.OpenAsync(answer, attempt.Timer.Token);
        if (body is null)
        {
            attempt.Fail(new AttemptFailure(FailureKind.Transient, ExchangeErrors.UnknownEncoding) { Status = status });
        }
        else if (status is < 200 or 204 or 205 or >= 300)
        {
            // A refusal is never sent from here: another attempt may follow.
            if (status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden) LogCredentialRefused(attempt.ModelId, status);
            attempt.Fail(await RefusalReader.ReadAsync(answer, body, exchange, time.GetUtcNow()));
        }
        else if (exchange.Request!.IsStream)
        {
            await streams.RelayAsync(answer, body, context, exchange);
        }
        else
        {
            await bodies.RelayAsync(answer, body, context, exchange);
        }
    }

    [LoggerMessage(LogLevel.Error, "The provider behind {ModelId} refused our credential with status {Status}.")]
    private partial void LogCredentialRefused(string modelId, int status);
}
