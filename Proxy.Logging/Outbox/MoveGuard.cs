namespace Proxy.Logging.Outbox;

/// <summary>Keeps counts of the journal and the table apart from moves between them, so that a row that moves is seen once.</summary>
internal sealed class MoveGuard : IDisposable
{
    // A database in trouble keeps nobody from counting.
    private static readonly TimeSpan LongestMove = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Counts while nothing moves; also while something does, if that takes too long.</summary>
    public async Task<T> CountAsync<T>(Func<Task<T>> count, CancellationToken cancellationToken)
    {
        var isAlone = await _turn.WaitAsync(LongestMove, cancellationToken);
        try
        {
            return await count();
        }
        finally
        {
            if (isAlone) _turn.Release();
        }
    }

    public async Task MoveAsync(Func<Task> move, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await move();
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
