using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Management.Budgets;
using Proxy.Management.Spend;

namespace Proxy.Host.Realtime;

/// <summary>Something within a session that is a call of its own to the ledger, the budgets and the log.</summary>
internal sealed record SessionPart(ApiOperation Operation, CompletionRequest Request, ModelMatch Target, Attempt Attempt, Reservation Held, SpendOutcome Outcome)
{
    /// <summary>Records it, and counts what it used at the deployment.</summary>
    /// <returns>False when it cannot be recorded.</returns>
    public async ValueTask<bool> RecordAsync(Exchange session, RealtimeServices services)
    {
        var call = new Exchange(CallId.New(Attempt.StartedAt), Attempt.StartedAt, session.Settings, Operation)
        {
            Requester = session.Requester,
            Caller = session.Caller,
            Request = Request,
            Target = Target,
            LogWishes = session.LogWishes,
            Attempt = Attempt,
            Reservation = Held,
            Outcome = Outcome,
        };
        call.Attempts.Add(Attempt);
        try
        {
            return await services.Recorder.TryCloseAsync(call);
        }
        finally
        {
            Held.Release();
            session.Attempt!.Permit?.Add(Attempt.Answer.Usage?.Total ?? 0);
        }
    }
}
