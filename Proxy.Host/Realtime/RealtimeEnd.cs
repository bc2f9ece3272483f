using System.Net.WebSockets;
using Proxy.Host.Exchanges;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Realtime;

/// <summary>How a session ended.</summary>
/// <param name="Outcome">As the ledger has it.</param>
/// <param name="Status">What the client's socket is closed with.</param>
/// <param name="Error">What the client is told first; null when all is well, or when nobody is there to be told.</param>
internal sealed record RealtimeEnd(SpendOutcome Outcome, WebSocketCloseStatus Status, ProxyError? Error)
{
    public static readonly RealtimeEnd ClientClosed = new(SpendOutcome.Success, WebSocketCloseStatus.NormalClosure, null);
    public static readonly RealtimeEnd ClientLeft = new(SpendOutcome.Aborted, WebSocketCloseStatus.NormalClosure, null);
    public static readonly RealtimeEnd ReaderStalled = new(SpendOutcome.Aborted, WebSocketCloseStatus.PolicyViolation, ExchangeErrors.ReaderStalled);
    public static readonly RealtimeEnd ProviderBroke = new(SpendOutcome.Incomplete, WebSocketCloseStatus.InternalServerError, ExchangeErrors.ProviderBroke);
    public static readonly RealtimeEnd NotRecorded = new(SpendOutcome.Failure, WebSocketCloseStatus.InternalServerError, ExchangeErrors.LedgerUnavailable);

    public static readonly RealtimeEnd Stopping = new(SpendOutcome.Incomplete, WebSocketCloseStatus.EndpointUnavailable, ExchangeErrors.GatewayStops);

    public static readonly RealtimeEnd Idle = new(SpendOutcome.Success, WebSocketCloseStatus.NormalClosure, new ProxyError(
        StatusCodes.Status408RequestTimeout, "timeout_error", "Nothing was said in the session for too long."));

    public static readonly RealtimeEnd TooLong = new(SpendOutcome.Rejected, WebSocketCloseStatus.MessageTooBig, new ProxyError(
        StatusCodes.Status413PayloadTooLarge, ProxyError.InvalidRequest, "A message is longer than the gateway takes."));

    /// <summary>The session must not go on: its budget, a limit, or its key.</summary>
    public static RealtimeEnd Refused(ProxyError error) => new(SpendOutcome.Rejected, WebSocketCloseStatus.PolicyViolation, error);

    /// <summary>The provider closed it, for a reason that it names.</summary>
    public static RealtimeEnd Closed(WebSocketCloseStatus? status) => status is null or WebSocketCloseStatus.NormalClosure or WebSocketCloseStatus.Empty
        ? ClientClosed
        : new RealtimeEnd(SpendOutcome.Incomplete, status.Value, ExchangeErrors.ProviderBroke);
}
