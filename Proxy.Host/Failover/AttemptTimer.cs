using Proxy.Host.Answers;

namespace Proxy.Host.Failover;

/// <summary>
/// Ends an attempt whose first byte is late, whose answer stands still, whose call has taken too long as a whole, or whose client left.
/// </summary>
internal sealed class AttemptTimer : IDisposable
{
    /// <summary>Moving a timer costs more than reading a clock, so it is moved only when it is this much behind.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(250);

    /// <summary>Timers go by another clock than the one that is read, and may be this much early.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _clientLeft;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenRegistration _onLeaving;
    private readonly CancellationTokenRegistration _onStopping;
    private readonly TimeSpan _idle;
    private readonly TimeSpan _rest;
    private readonly long _started;
    private long _restarted;
    private bool _hasBytes;

    /// <param name="rest">What is left for the whole call; may be infinite.</param>
    public AttemptTimer(TimeProvider time, TimeSpan firstByte, TimeSpan idle, TimeSpan rest, CancellationToken clientLeft, CancellationToken stopping)
    {
        _time = time;
        _idle = idle;
        _rest = rest;
        _clientLeft = clientLeft;
        _started = time.GetTimestamp();
        _source = new CancellationTokenSource(Shorter(firstByte, rest), time);
        _stopping = stopping;
        _onLeaving = clientLeft.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        _onStopping = stopping.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Who ended it, now that a read has failed.</summary>
    public AnswerEnd End
    {
        get
        {
            if (_clientLeft.IsCancellationRequested) return AnswerEnd.ClientLeft;
            if (_stopping.IsCancellationRequested) return AnswerEnd.Stopping;
            if (!_source.IsCancellationRequested) return AnswerEnd.Broken;
            if (IsOver) return AnswerEnd.TookTooLong;
            return _hasBytes ? AnswerEnd.Stalled : AnswerEnd.Late;
        }
    }

    private bool IsOver => _rest != Timeout.InfiniteTimeSpan && _time.GetElapsedTime(_started) + Tick >= _rest;

    /// <summary>Bytes came.</summary>
    public void Restart()
    {
        if (_hasBytes && _time.GetElapsedTime(_restarted) < Slack) return;

        _hasBytes = true;
        _restarted = _time.GetTimestamp();
        _source.CancelAfter(Shorter(_idle == Timeout.InfiniteTimeSpan ? _idle : _idle + Slack, Rest()));
    }

    /// <summary>Not the provider is waited for now, but the client.</summary>
    public void Pause()
    {
        _source.CancelAfter(Rest());
        _restarted = _time.GetTimestamp() - (long)(Slack.TotalSeconds * _time.TimestampFrequency);
    }

    public void Dispose()
    {
        _onLeaving.Dispose();
        _onStopping.Dispose();
        _source.Dispose();
    }

    private TimeSpan Rest()
    {
        if (_rest == Timeout.InfiniteTimeSpan) return _rest;
        var rest = _rest - _time.GetElapsedTime(_started);
        return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other)
    {
        if (one == Timeout.InfiniteTimeSpan) return other;
        return other == Timeout.InfiniteTimeSpan || one < other ? one : other;
    }
}
