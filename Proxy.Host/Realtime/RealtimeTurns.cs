using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Realtime;

/// <summary>
/// The responses of one session. Each is a call to the ledger, the limits and the log: what it may cost is held before it can begin, and it is
/// recorded before the client sees its end.
/// </summary>
internal sealed class RealtimeTurns : IDisposable
{
    private readonly Exchange _session;
    private readonly IHeaderDictionary _headers;
    private readonly RealtimeServices _services;
    private Reservation? _held;
    private Attempt _attempt;

    public RealtimeTurns(Exchange session, IHeaderDictionary headers, RealtimeServices services)
    {
        (_session, _headers, _services) = (session, headers, services);

        // What the session was admitted with is for its first response.
        (_held, session.Reservation) = (session.Reservation, null);
        _attempt = NewAttempt();
    }

    /// <summary>True while a response is under way.</summary>
    public bool IsOpen { get; private set; }

    public AnswerDigest Answer => _attempt.Answer;

    public void Note(RealtimeEvent kind)
    {
        if (kind is not (RealtimeEvent.Begun or RealtimeEvent.Piece)) return;

        IsOpen = true;
        if (kind == RealtimeEvent.Piece) _attempt.FirstByteAt ??= _services.Time.GetUtcNow();
    }

    /// <summary>Records the response that ended.</summary>
    /// <returns>False when that cannot be done.</returns>
    public async ValueTask<bool> RecordAsync(SpendOutcome outcome)
    {
        IsOpen = false;
        _attempt.FirstByteAt ??= _services.Time.GetUtcNow();
        _attempt.End(_services.Time.GetUtcNow());
        var call = new Exchange(CallId.New(_attempt.StartedAt), _attempt.StartedAt, _session.Settings, ApiOperation.Realtime)
        {
            Requester = _session.Requester,
            Caller = _session.Caller,
            Request = _session.Request,
            Target = _session.Target,
            LogWishes = _session.LogWishes,
            Attempt = _attempt,
            Reservation = _held,
            Outcome = outcome,
        };
        call.Attempts.Add(_attempt);
        try
        {
            return await _services.Recorder.TryCloseAsync(call);
        }
        finally
        {
            Release();
            _attempt = NewAttempt();
        }
    }

    /// <summary>Holds what the next response may cost, as whoever the key is by now.</summary>
    /// <returns>Why the session must end, or null.</returns>
    public async ValueTask<ProxyError?> ReserveAsync(CancellationToken cancellationToken)
    {
        var (caller, refusal) = await _services.Authenticator.AuthenticateAsync(_headers, cancellationToken);
        if (refusal is not null || caller is null) return refusal;
        if (caller.FindRouteRefusal(ApiOperation.Realtime.Path, RouteKind.Call) is { } route) return route;

        var model = _session.Request!.Model;
        if (caller.FindModelRefusal(model, _session.Settings.AccessGroups.Of(_session.Cluster?.Id)) is { } denied) return denied;

        var (cost, tokens) = Estimate.Of(_session, _session.Target!);
        var call = new CallEstimate(model, cost ?? 0, tokens, _session.Request.User, _session.Request.Metadata.Tags) { Patience = TimeSpan.Zero };
        (_held, var error) = await _services.Cashier.ReserveAsync(caller, call, cancellationToken);
        return error;
    }

    public void Dispose() => Release();

    private void Release()
    {
        _held?.Release();
        _held = null;
    }

    private Attempt NewAttempt() =>
        new(_session.Target!, _session.Attempt!.DestinationId, _session.Attempt.Deployment, _session.Timer!, _services.Time.GetUtcNow());
}
