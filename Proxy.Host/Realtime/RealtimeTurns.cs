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
    private readonly OpenResponses _responses;

    // Of both directions. The gate is for what is held, the lock for the two counts.
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Queue<Reservation> _held = new();
    private readonly Lock _counts = new();
    private int _asked;
    private int _begun;

    public RealtimeTurns(Exchange session, IHeaderDictionary headers, RealtimeServices services)
    {
        (_session, _headers, _services) = (session, headers, services);

        // What the session was admitted with is for its first response.
        if (session.Reservation is { } first) _held.Enqueue(first);
        session.Reservation = null;
        _responses = new OpenResponses(NewAttempt);
    }

    /// <summary>True while a response is under way.</summary>
    public bool IsOpen => _responses.Count > 0;

    /// <summary>Takes notice of an event of the provider's.</summary>
    /// <returns>The answer that it says something of; null when it is about none.</returns>
    public AnswerDigest? Note(RealtimeNotice notice)
    {
        if (notice.Kind is not (RealtimeEvent.Begun or RealtimeEvent.Piece or RealtimeEvent.Done)) return null;

        var attempt = _responses.Of(notice.Response.Span);
        if (notice.Kind == RealtimeEvent.Piece) attempt.FirstByteAt ??= _services.Time.GetUtcNow();
        if (notice.Kind == RealtimeEvent.Begun) CountBegun();
        return attempt.Answer;
    }

    /// <summary>Whether the client may have what it asks for. What a further response may cost is held before the provider hears of it.</summary>
    /// <returns>Null when it may.</returns>
    public async ValueTask<ProxyError?> AskAsync(RealtimeAsk asked, CancellationToken cancellationToken)
    {
        if (asked.IsForResponse && IsFull(out var wait)) return ExchangeErrors.DeploymentsFull(_session.Request!.Model, wait);

        return asked.IsForResponse ? await HoldAsync(cancellationToken, isAsked: true) : null;
    }

    /// <summary>Holds what may come: one reservation for each response that is under way or asked for, and always one for the next.</summary>
    /// <returns>Why that cannot be, or null.</returns>
    public async ValueTask<ProxyError?> HoldAsync(CancellationToken cancellationToken, bool isAsked = false)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var wanted = Wanted(isAsked);
            while (_held.Count > wanted) _held.Dequeue().Release();
            while (_held.Count < wanted)
            {
                var (reservation, error) = await ReserveAsync(cancellationToken);
                if (error is not null) return error;
                if (reservation is null) break;

                _held.Enqueue(reservation);
            }

            lock (_counts) _asked += isAsked ? 1 : 0;
            return null;
        }
        finally
        {
            _gate.Release();
        }
    }

    private void CountBegun()
    {
        lock (_counts)
        {
            if (_asked > 0) _asked--;

            // The session itself is the request of its first one.
            if (_begun++ > 0) _session.Attempt!.Permit?.AddRequest();
        }
    }

    private bool IsFull(out TimeSpan? wait)
    {
        wait = null;
        lock (_counts) return _begun + _asked > 0 && _session.Attempt!.Permit?.HasRate(out wait) == false;
    }

    private int Wanted(bool isAsked)
    {
        lock (_counts)
        {
            // What was asked for and did not begin while others did was refused by the provider.
            var open = _responses.Count;
            if (open == 0 && !isAsked) _asked = 0;
            return Math.Max(1, open + _asked + (isAsked ? 1 : 0));
        }
    }

    /// <summary>Records what is under way still when the session ends, each response by what it sent.</summary>
    public async ValueTask RecordOpenAsync(SpendOutcome outcome)
    {
        while (IsOpen) _ = await RecordAsync(default, outcome);
    }

    /// <summary>Records a response that ended.</summary>
    /// <param name="response">Its id; without one, the response that began last.</param>
    /// <param name="outcome">How it ended.</param>
    /// <returns>False when that cannot be done.</returns>
    public async ValueTask<bool> RecordAsync(ReadOnlyMemory<byte> response, SpendOutcome outcome)
    {
        var attempt = _responses.Take(response.Span);
        var held = await TakeHeldAsync() ?? await _services.Cashier.CountAsync(_session.Caller!, Call());
        attempt.FirstByteAt ??= _services.Time.GetUtcNow();
        attempt.End(_services.Time.GetUtcNow());
        return await new SessionPart(ApiOperation.Realtime, _session.Request!, _session.Target!, attempt, held, outcome).RecordAsync(_session, _services);
    }

    public void Dispose()
    {
        while (_held.TryDequeue(out var held)) held.Release();
        _gate.Dispose();
    }

    private async ValueTask<Reservation?> TakeHeldAsync()
    {
        await _gate.WaitAsync();
        try
        {
            return _held.TryDequeue(out var held) ? held : null;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Holds what one response may cost, as whoever the key is by now.</summary>
    private async ValueTask<(Reservation? Held, ProxyError? Error)> ReserveAsync(CancellationToken cancellationToken)
    {
        var (caller, refusal) = await _services.Authenticator.AuthenticateAsync(_headers, cancellationToken);
        if (refusal is not null || caller is null) return (null, refusal);
        if (caller.FindRouteRefusal(ApiOperation.Realtime.Path, RouteKind.Call) is { } route) return (null, route);

        var model = _session.Request!.Model;
        if (caller.FindModelRefusal(model, _session.Settings.AccessGroups.Of(_session.Cluster?.Id)) is { } denied) return (null, denied);

        var (cost, tokens) = Estimate.Of(_session, _session.Target!);
        return await _services.Cashier.ReserveAsync(caller, Call() with { Cost = cost ?? 0, Tokens = tokens, Patience = TimeSpan.Zero }, cancellationToken);
    }

    private CallEstimate Call() => new(_session.Target!.Names, 0, 0, _session.Request!.User, _session.Request.Metadata.Tags);

    private Attempt NewAttempt() =>
        new(_session.Target!, _session.Attempt!.DestinationId, _session.Attempt.Deployment, _session.Timer!, _services.Time.GetUtcNow());
}
