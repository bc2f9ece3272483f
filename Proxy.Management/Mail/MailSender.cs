using System.Collections.Concurrent;
using System.Data.Common;
using Proxy.Management.Storage;

namespace Proxy.Management.Mail;

/// <summary>Keeps mails in the outbox, and wakes whoever sends them.</summary>
public sealed class MailSender : IMailSender, IDisposable
{
    private readonly CommitQueue _queue;
    private readonly MailOutbox _outbox;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _news = new(0, 1);
    private volatile MailServer? _server;

    // Who waits for the first attempt at a mail, by its id.
    private readonly ConcurrentDictionary<string, TaskCompletionSource<MailVerdict>> _waiting = new(StringComparer.Ordinal);

    internal MailSender(CommitQueue queue, MailOutbox outbox, TimeProvider time) => (_queue, _outbox, _time) = (queue, outbox, time);

    public bool IsOn => _server is not null;

    /// <summary>The mail server of now.</summary>
    internal MailServer? Server => _server;

    /// <summary>Where mails go from now on; null keeps them waiting.</summary>
    public void Apply(MailServer? server)
    {
        _server = server;
        Wake();
    }

    public Task SendAsync(MailText mail, CancellationToken cancellationToken) => KeepAsync(_outbox.NewId(), mail, cancellationToken);

    public void Send(DbConnection connection, DbTransaction transaction, MailText mail) => _outbox.Insert(connection, transaction, _outbox.NewId(), mail);

    public void Dispose() => _news.Dispose();

    /// <returns>When there may be something to send, or the time is over.</returns>
    internal Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _news.WaitAsync(atMost, cancellationToken);

    /// <summary>Keeps the mail as the other does, and waits a moment for what comes of its first attempt.</summary>
    /// <returns>Null when that is not known yet.</returns>
    internal async Task<MailVerdict?> SendAndWaitAsync(MailText mail, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var (id, attempt) = (_outbox.NewId(), new TaskCompletionSource<MailVerdict>(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting[id] = attempt;
        try
        {
            await KeepAsync(id, mail, cancellationToken);
            return await attempt.Task.WaitAsync(atMost, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    /// <summary>Tells whoever waits what came of an attempt: all of them when the server cannot be reached.</summary>
    internal void Tell(string id, MailVerdict verdict)
    {
        foreach (var (waiting, attempt) in _waiting)
        {
            if (waiting == id || verdict == MailVerdict.Unreachable) attempt.TrySetResult(verdict);
        }
    }

    private async Task KeepAsync(string id, MailText mail, CancellationToken cancellationToken)
    {
        await _queue.WriteAsync(
            (connection, transaction) =>
            {
                _outbox.Insert(connection, transaction, id, mail);
                return true;
            },
            cancellationToken);
        Wake();
    }

    private void Wake()
    {
        try
        {
            if (_news.CurrentCount == 0) _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else did it at the same moment.
        }
    }
}
