using Microsoft.Extensions.Options;
using Proxy.Logging;

namespace Proxy.Host.Configuration;

/// <summary>Gives the log its options as they are now.</summary>
internal sealed class CompletionLogMonitor(SettingsSource settings) : IOptionsMonitor<CompletionLogOptions>
{
    public CompletionLogOptions CurrentValue => settings.Current.CompletionLog;

    public CompletionLogOptions Get(string? name) => CurrentValue;

    public IDisposable OnChange(Action<CompletionLogOptions, string?> listener)
    {
        void Listen() => listener(CurrentValue, null);
        settings.Changed += Listen;
        return new Subscription(() => settings.Changed -= Listen);
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
