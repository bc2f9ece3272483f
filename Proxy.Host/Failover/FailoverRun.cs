using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Management.Spend;

namespace Proxy.Host.Failover;

/// <summary>The attempts of one call as they go on.</summary>
internal sealed class FailoverRun
{
    private readonly TimeProvider _time;
    private readonly FailoverPlan _plan;
    private readonly TimeSpan _whole;
    private (Attempt? Attempt, AttemptFailure Failure)? _first;

    public FailoverRun(HttpContext context, TimeProvider time)
    {
        _time = time;
        Context = context;
        Exchange = context.Exchange;
        _plan = new FailoverPlan(Exchange);
        _whole = Exchange.Request!.Routing.Timeout ?? Exchange.Cluster!.Timeouts.Whole;
    }

    public HttpContext Context { get; }

    public Exchange Exchange { get; }

    /// <param name="step">Null for the first attempt.</param>
    public void Begin(AttemptStep? step)
    {
        if (step is not null)
        {
            Exchange.Target = step.Target;
            AnswerHead.Reset(Context);
        }

        Exchange.Attempt = null;
    }

    /// <summary>From here on the request's token is the attempt's, so that YARP obeys it.</summary>
    public AttemptTimer StartTimer()
    {
        var asked = Exchange.Request!.Routing;
        var limits = Exchange.Cluster!.Timeouts;
        var firstByte = (Exchange.Request.IsStream ? asked.FirstByteTimeout : null) ?? limits.FirstByte;
        Exchange.Timer = new AttemptTimer(_time, firstByte, limits.Idle, Rest(), Exchange.ClientLeft, Exchange.Stopping);
        Context.RequestAborted = Exchange.Timer.Token;
        return Exchange.Timer;
    }

    public void StopTimer()
    {
        Context.RequestAborted = Exchange.ClientLeft;
        Exchange.Timer = null;
        Exchange.Attempt?.End(_time.GetUtcNow());
    }

    /// <returns>The attempt that is to follow; null when this was the last.</returns>
    public AttemptStep? Failed(AttemptFailure failure, bool hasOthers)
    {
        Exchange.Attempt?.Fail(failure);
        if (_first is not { } first || first.Failure.Kind is FailureKind.Untranslatable or FailureKind.Full) _first = (Exchange.Attempt, failure);
        if (IsOver(TimeSpan.Zero)) return null;

        var step = _plan.Next(failure, hasOthers);
        return step is null || IsOver(step.Delay ?? TimeSpan.Zero) ? null : step;
    }

    /// <summary>When no attempt went well, the client gets the first cause; what a provider said goes before what none was asked.</summary>
    public void Conclude()
    {
        if (Exchange.IsCommitted || Exchange.Refusal is not null) return;

        if (Exchange.ClientLeft.IsCancellationRequested) Exchange.Outcome = SpendOutcome.Aborted;
        else if (_first is var (attempt, failure)) Exchange.GiveUp(attempt, failure);
    }

    private bool IsOver(TimeSpan delay) => Exchange.Stopping.IsCancellationRequested || _whole != Timeout.InfiniteTimeSpan && Rest() <= delay + AttemptTimer.Tick;

    private TimeSpan Rest()
    {
        if (_whole == Timeout.InfiniteTimeSpan) return _whole;

        var rest = _whole - (_time.GetUtcNow() - Exchange.StartedAt);
        return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }
}
