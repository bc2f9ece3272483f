using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Management.Errors;
using Yarp.ReverseProxy.Forwarder;

namespace Proxy.Host.Exchanges;

/// <summary>The catalogue of what can go wrong on the way of a call.</summary>
internal static class ExchangeErrors
{
    public const string UpstreamError = "upstream_error";

    public static readonly ProxyError LedgerUnavailable = new(
        StatusCodes.Status503ServiceUnavailable, ProxyError.InternalServerError, "The ledger cannot be written, so calls are not answered; try again later.")
    {
        RetryAfterSeconds = 5,
    };

    public static readonly ProxyError ProviderRefusesCredential = new(
        StatusCodes.Status502BadGateway, "upstream_authentication_error", "The provider refused the gateway's own credential; the operator must renew it.");

    public static readonly ProxyError ProviderBroke = new(
        StatusCodes.Status502BadGateway, UpstreamError, "The provider broke off before its answer was whole.");

    public static readonly ProxyError UnknownEncoding = new(
        StatusCodes.Status502BadGateway, UpstreamError, "The provider compressed its answer in a way that nobody asked for.");

    /// <summary>For the record: a client that does not read is not told.</summary>
    public static readonly ProxyError ReaderStalled = new(
        StatusCodes.Status408RequestTimeout, TimeoutError, "The client stopped reading its answer.");

    /// <summary>For the record: the client has the other attempt's answer.</summary>
    public static readonly ProxyError Outrun = new(
        StatusCodes.Status504GatewayTimeout, TimeoutError, "Another attempt answered first, so this one was given up.");

    public static readonly ProxyError NoImageStream = ProxyError.BadRequest("Images are not streamed by this gateway; leave 'stream' out.", "stream");

    /// <summary>Its usage comes with an answer that is fetched later, past the gateway.</summary>
    public static readonly ProxyError NoBackground = ProxyError.BadRequest(
        "Responses in the background are not served by this gateway, which could not bill them; leave 'background' out.", "background");

    public static readonly ProxyError OnlyEvents = ProxyError.BadRequest("Streams are served as events by this gateway: add 'alt=sse' to the query.", "alt");

    private const string RateLimit = "rate_limit_error";
    private const string TimeoutError = "timeout_error";

    private static readonly ProxyError ProviderStalled = new(
        StatusCodes.Status504GatewayTimeout, TimeoutError, "The provider stopped answering before its answer was whole.");

    public static readonly ProxyError GatewayStops = new(
        StatusCodes.Status503ServiceUnavailable, "service_unavailable_error", "The gateway is being stopped before the answer was whole; try again.");

    private static readonly ProxyError TookTooLong = new(
        StatusCodes.Status504GatewayTimeout, TimeoutError, "The answer was not whole within the time that the call may take.");

    public static ProxyError NoAnswer(int status) => new(
        StatusCodes.Status502BadGateway, UpstreamError, $"The provider answered with status {status}, which is no answer.");

    public static ProxyError UnknownPath(string path) => ProxyError.NotFound($"There is nothing at {Shown(path)}.");

    public static ProxyError WrongMethod(string method, string path) => new(
        StatusCodes.Status405MethodNotAllowed, ProxyError.InvalidRequest, $"{Shown(path)} does not take {Shown(method)}, only POST.");

    public static ProxyError UnknownModel(string model) => new(
        StatusCodes.Status400BadRequest,
        ProxyError.InvalidRequest,
        $"Invalid model name passed in model={Shown(model)}. Call `/v1/models` to view available models for your key.",
        "model");

    public static ProxyError Unpriced(string model) => new(
        StatusCodes.Status400BadRequest,
        ProxyError.InvalidRequest,
        $"The model {Shown(model)} has no price, and calls that cannot be billed are refused. The operator can give it one in the section Prices.",
        "model");

    public static ProxyError WrongApi(string model, ApiOperation operation) => ProxyError.BadRequest(
        $"The model '{Shown(model)}' cannot be called with {operation.Path} of {operation.Api.Name}: none of its providers serves it, and it cannot be translated.", "model");

    /// <summary>What the client is told of an answer that ended so.</summary>
    public static ProxyError Of(AnswerEnd end, Exchange exchange) => end switch
    {
        // The provider's own words; they concern the call, not the credential.
        AnswerEnd.Failed => new(exchange.Answer.ErrorStatus ?? StatusCodes.Status502BadGateway, UpstreamError, $"The provider reported an error within its answer: {exchange.Answer.ErrorMessage}"),
        AnswerEnd.Stalled => ProviderStalled,
        AnswerEnd.TookTooLong => TookTooLong,
        AnswerEnd.Late => Late(exchange),
        AnswerEnd.Stopping => GatewayStops,
        _ => ProviderBroke,
    };

    public static ProxyError Of(ForwarderError error, Exchange exchange) => error switch
    {
        ForwarderError.RequestTimedOut => Late(exchange),
        ForwarderError.NoAvailableDestinations => NoDeployment(exchange.Model ?? ""),
        _ => new(StatusCodes.Status502BadGateway, UpstreamError, $"The provider of model '{Shown(exchange.Model ?? "")}' could not be reached."),
    };

    private static ProxyError Late(Exchange exchange) => new(
        StatusCodes.Status504GatewayTimeout, TimeoutError, $"The provider of model '{Shown(exchange.Model ?? "")}' did not answer in time.");

    /// <param name="wait">Until one of them has room again; null when time alone does not bring that.</param>
    public static ProxyError DeploymentsFull(string model, TimeSpan? wait) => new(
        StatusCodes.Status429TooManyRequests, RateLimit, $"No deployments available for selected model, model={Shown(model)}. All of them are at their own limits.")
    {
        RetryAfterSeconds = wait is { } time ? Math.Max(1, (int)Math.Ceiling(time.TotalSeconds)) : null,
    };

    private static ProxyError NoDeployment(string model) => new(
        StatusCodes.Status429TooManyRequests, RateLimit, $"No deployments available for selected model, model={Shown(model)}.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>A client's text in a message of ours: short, and without control characters.</summary>
    private static string Shown(string text) =>
        string.Concat(text.Take(100).Select(character => char.IsControl(character) ? '?' : character)) + (text.Length > 100 ? "…" : "");
}
