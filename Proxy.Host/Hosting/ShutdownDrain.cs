using Proxy.Host.Configuration;

namespace Proxy.Host.Hosting;

/// <summary>How long calls may go on once the program is being stopped. What is then still under way is ended in its own protocol and recorded.</summary>
internal sealed class ShutdownDrain : IDisposable
{
    private readonly CancellationTokenSource _over;

    public ShutdownDrain(IHostApplicationLifetime lifetime, SettingsSource settings, TimeProvider time)
    {
        // The source waits without end until the stop gives it a time.
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        lifetime.ApplicationStopping.Register(() => _over.CancelAfter(settings.Current.Requests.DrainTimeout));
    }

    public CancellationToken Token => _over.Token;

    public void Dispose() => _over.Dispose();
}
