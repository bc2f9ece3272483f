using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

namespace Proxy.Host.Realtime;

/// <summary>
/// What another model writes down of what the user says in a session. Each transcript is a call of its own to the ledger, the budgets and the log,
/// and a part of the session to its limits: it holds what it may cost, and neither a slot nor a request.
/// </summary>
internal sealed class RealtimeTranscripts(Exchange session, IHeaderDictionary headers, RealtimeServices services) : IDisposable
{
    /// <summary>Of 16 bits at 24 kHz, which is the usual format; others are shorter.</summary>
    private const decimal BytesPerSecond = 48_000;

    /// <summary>What is held for one transcript.</summary>
    private static readonly TokenUsage Usual = new(0, 0, 0, 600, 0) { AudioInput = 600, Seconds = 60 };

    // Of both directions. The gate is for what is held and for whom.
    private readonly SemaphoreSlim _gate = new(1);
    private Reservation? _held;
    private string? _model;
    private long _heardBytes;
    private int _awaited;
    private DateTimeOffset _saidAt;

    /// <summary>Whether the client may have its words written down by whom it asks for.</summary>
    /// <returns>Null when it may.</returns>
    public async ValueTask<ProxyError?> AskAsync(RealtimeAsk asked, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _heardBytes, asked.SoundBytes);
        foreach (var model in asked.Transcribers)
        {
            if (FindRefusal(session.Caller!, model) is { } denied) return denied;
            if (session.Settings.RefusesUnpriced && PriceOf(model) is null) return ExchangeErrors.Unpriced(model);
        }

        return asked.Transcribers.Count > 0 ? await HoldAsync(asked.Transcribers[^1], cancellationToken) : null;
    }

    /// <summary>Takes notice of an event of the provider's.</summary>
    /// <returns>False when a transcript cannot be recorded.</returns>
    public async ValueTask<bool> NoteAsync(RealtimeEvent kind, ReadOnlyMemory<byte> message)
    {
        if (kind == RealtimeEvent.Session && TranscriptEvents.ReadTranscriber(message) is { } model) _model = model;
        else if (kind == RealtimeEvent.Transcript) return await RecordAsync(SpendOutcome.Success, message);
        else if (kind == RealtimeEvent.NoTranscript) End();
        else if (kind == RealtimeEvent.Said) Begin();
        return true;
    }

    /// <summary>Holds what the next transcript may cost.</summary>
    /// <returns>Why that cannot be, or null.</returns>
    public ValueTask<ProxyError?> HoldNextAsync(CancellationToken cancellationToken) =>
        _model is { } model ? HoldAsync(model, cancellationToken) : default;

    /// <summary>The session is over: what was said and not written down yet the provider bills all the same.</summary>
    public async ValueTask CloseAsync(SpendOutcome outcome)
    {
        if (_model is not null && _awaited > 0) await RecordAsync(outcome, default);
    }

    public void Dispose()
    {
        _held?.Release();
        _gate.Dispose();
    }

    private void Begin()
    {
        _awaited++;
        _saidAt = services.Time.GetUtcNow();
    }

    private decimal End()
    {
        _awaited = Math.Max(0, _awaited - 1);
        return Interlocked.Exchange(ref _heardBytes, 0) / BytesPerSecond;
    }

    private async ValueTask<ProxyError?> HoldAsync(string model, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_held is not null && model == _model) return null;

            var (caller, refusal) = await services.Authenticator.AuthenticateAsync(headers, cancellationToken);
            if (refusal is not null || caller is null) return refusal;
            if (FindRefusal(caller, model) is { } denied) return denied;

            var cost = PriceOf(model)?.MostOf(Usual, default) ?? 0;
            var (held, error) = await services.Cashier.ReserveAsync(caller, Call(model) with { Cost = cost, Tokens = Usual.Total, Patience = TimeSpan.Zero }, cancellationToken);
            if (held is null) return error;

            _held?.Release();
            (_held, _model) = (held, model);
            return null;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async ValueTask<bool> RecordAsync(SpendOutcome outcome, ReadOnlyMemory<byte> message)
    {
        var model = _model ?? "";
        var held = Interlocked.Exchange(ref _held, null) ?? await services.Cashier.CountAsync(session.Caller!, Call(model));
        var attempt = AttemptOf(model);
        TranscriptEvents.ReadTranscript(message, attempt.Answer);
        var request = new CompletionRequest(new RequestBody([], 0))
        {
            Model = model,
            StatedModel = model,
            User = session.Request!.User,
            Metadata = session.Request.Metadata,
            SpokenSeconds = End(),
        };
        return await new SessionPart(ApiOperation.Transcription, request, TargetOf(model), attempt, held, outcome).RecordAsync(session, services);
    }

    private Attempt AttemptOf(string model)
    {
        var now = services.Time.GetUtcNow();
        var attempt = new Attempt(TargetOf(model), session.Attempt!.DestinationId, session.Attempt.Deployment, session.Timer!, _saidAt == default ? now : _saidAt)
        {
            Transcriber = model,
            FirstByteAt = now,
        };
        attempt.End(now);
        return attempt;
    }

    private CallEstimate Call(string model) =>
        new(TargetOf(model).Names, 0, 0, session.Request!.User, session.Request.Metadata.Tags) { IsPart = true };

    private ProxyError? FindRefusal(Caller caller, string model) =>
        caller.FindModelRefusal(model, session.Settings.AccessGroups.Of(session.Settings.Models.Find(model)?.Cluster.Id));

    /// <summary>It is at the provider of the session, whatever else the configuration knows by its name.</summary>
    private ModelMatch TargetOf(string model) =>
        new(model, session.Cluster!, model) { Names = session.Settings.Models.Find(model)?.Names ?? [model] };

    private ModelPrice? PriceOf(string model) => session.Settings.Prices.FindPrice(model);
}
