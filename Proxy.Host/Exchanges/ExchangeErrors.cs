using Proxy.Host.Answers;
using Proxy.Management.Errors;
using Yarp.ReverseProxy.Forwarder;

namespace Proxy.Host.Exchanges;

/// <summary>The catalogue of what can go wrong on the way of a call.</summary>
internal static class ExchangeErrors
{
    public static readonly ProxyError LedgerUnavailable = new(
        StatusCodes.Status503ServiceUnavailable, ProxyError.InternalServerError, "The call could not be recorded, so its answer is withheld.");

    public static readonly ProxyError ProviderRefusesCredential = new(
        StatusCodes.Status502BadGateway, "upstream_authentication_error", "The provider refused the gateway's own credential; the operator must renew it.");

    /// <summary>The provider said so itself, within its answer.</summary>
    public static readonly ProxyError ProviderFailed = new(
        StatusCodes.Status502BadGateway, "upstream_error", "The provider reported an error within its answer.");

    public static readonly ProxyError ProviderBroke = new(
        StatusCodes.Status502BadGateway, "upstream_error", "The provider broke off before its answer was whole.");

    private static readonly ProxyError ProviderStalled = new(
        StatusCodes.Status504GatewayTimeout, "timeout_error", "The provider stopped answering before its answer was whole.");

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

    /// <summary>What the client is told of an answer that ended so; null when there is nothing, or nobody, to tell.</summary>
    public static ProxyError? Of(AnswerEnd end) => end switch
    {
        AnswerEnd.Broken => ProviderBroke,
        AnswerEnd.Stalled => ProviderStalled,
        _ => null,
    };

    public static ProxyError Of(ForwarderError error, Exchange exchange) => error switch
    {
        ForwarderError.RequestTimedOut => new(
            StatusCodes.Status504GatewayTimeout, "timeout_error", $"The provider of model '{Shown(exchange.Model ?? "")}' did not answer in time."),
        ForwarderError.NoAvailableDestinations => NoDeployment(exchange.Model ?? ""),
        _ => new(
            StatusCodes.Status502BadGateway, "upstream_error", $"The provider of model '{Shown(exchange.Model ?? "")}' could not be reached."),
    };

    private static ProxyError NoDeployment(string model) => new(
        StatusCodes.Status429TooManyRequests, "rate_limit_error", $"No deployments available for selected model, model={Shown(model)}.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>A client's text in a message of ours: short, and without control characters.</summary>
    private static string Shown(string text) =>
        string.Concat(text.Take(100).Select(character => char.IsControl(character) ? '?' : character)) + (text.Length > 100 ? "…" : "");
}
