namespace Proxy.Logging.Shipping;

/// <summary>The time in which one batch is in the hands of a sender, and what may end it early.</summary>
internal sealed class ShippingRound(CancellationToken stopping, CancellationToken abort) : IDisposable
{
    private readonly CancellationTokenSource _waits = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    private readonly CancellationTokenSource _sends = CancellationTokenSource.CreateLinkedTokenSource(abort);
    private readonly Lock _lock = new();

    // By the sender and by those who purge, under the lock. Null while the batch is being made.
    private IReadOnlyCollection<string>? _owners;
    private bool _isOver;

    /// <summary>Ends pauses between attempts.</summary>
    public CancellationToken Waits => _waits.Token;

    /// <summary>Ends also what is under way.</summary>
    public CancellationToken Sends => _sends.Token;

    /// <summary>Somebody has ended it: the rows are to be read anew.</summary>
    public bool IsDisturbed { get; private set; }

    /// <summary>The batch is made, and of these owners. Until then it may be of any.</summary>
    public void Fill(IReadOnlyCollection<string> owners)
    {
        lock (_lock) _owners = owners;
    }

    /// <summary>Do not wait any longer.</summary>
    public void Hurry() => Cancel(owner: null, drops: false);

    /// <summary>Rows of this owner were purged; what was read of them must not go out.</summary>
    public void Drop(string owner) => Cancel(owner, drops: true);

    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            _waits.Dispose();
            _sends.Dispose();
        }
    }

    private void Cancel(string? owner, bool drops)
    {
        lock (_lock)
        {
            if (_isOver || (owner is not null && _owners?.Contains(owner) == false)) return;

            IsDisturbed = true;

            // Not on this thread: those who wait would run on it, under the lock.
            _ = _waits.CancelAsync();
            if (drops) _ = _sends.CancelAsync();
        }
    }
}
