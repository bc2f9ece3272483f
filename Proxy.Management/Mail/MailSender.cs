using System.Data.Common;
using Proxy.Management.Storage;

namespace Proxy.Management.Mail;

/// <summary>Keeps mails in the outbox, and wakes whoever sends them.</summary>
public sealed class MailSender : IMailSender, IDisposable
{
    private readonly CommitQueue _queue;
    private readonly MailOutbox _outbox;
    private readonly SemaphoreSlim _news = new(0, 1);
    private volatile MailServer? _server;

    internal MailSender(CommitQueue queue, MailOutbox outbox) => (_queue, _outbox) = (queue, outbox);

    public bool IsOn => _server is not null;

    /// <summary>The mail server of now.</summary>
    internal MailServer? Server => _server;

    /// <summary>Where mails go from now on; null keeps them waiting.</summary>
    public void Apply(MailServer? server)
    {
        _server = server;
        Wake();
    }

    public async Task SendAsync(MailText mail, CancellationToken cancellationToken)
    {
        await _queue.WriteAsync(
            (connection, transaction) =>
            {
                _outbox.Insert(connection, transaction, mail);
                return true;
            },
            cancellationToken);
        Wake();
    }

    public void Send(DbConnection connection, DbTransaction transaction, MailText mail) => _outbox.Insert(connection, transaction, mail);

    public void Dispose() => _news.Dispose();

    /// <returns>When there may be something to send, or the time is over.</returns>
    internal Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _news.WaitAsync(atMost, cancellationToken);

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
