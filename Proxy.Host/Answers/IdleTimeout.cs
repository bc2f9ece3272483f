using System.Diagnostics;

namespace Proxy.Host.Answers;

/// <summary>Ends the reading of an answer that stands still, or whose client left. Restarted by every read that brought something.</summary>
internal sealed class IdleTimeout : IDisposable
{
    /// <summary>Moving a timer costs more than reading a clock, so it is moved only when it is this much behind.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(250);

    private readonly TimeSpan _timeout;
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _stopping;
    private long _restarted;

    public IdleTimeout(TimeSpan timeout, CancellationToken clientLeft, CancellationToken stopping)
    {
        _timeout = timeout;
        _stopping = stopping;
        _source = CancellationTokenSource.CreateLinkedTokenSource(clientLeft, stopping);
        _source.CancelAfter(timeout + Slack);
        _restarted = Stopwatch.GetTimestamp();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Who ended it, now that a read or a write has failed.</summary>
    public AnswerEnd EndOf(HttpContext context)
    {
        if (context.RequestAborted.IsCancellationRequested) return AnswerEnd.ClientLeft;
        if (_stopping.IsCancellationRequested) return AnswerEnd.Stopping;
        return _source.IsCancellationRequested ? AnswerEnd.Stalled : AnswerEnd.Broken;
    }

    public void Restart()
    {
        if (Stopwatch.GetElapsedTime(_restarted) < Slack) return;

        _source.CancelAfter(_timeout + Slack);
        _restarted = Stopwatch.GetTimestamp();
    }

    public void Dispose() => _source.Dispose();
}
