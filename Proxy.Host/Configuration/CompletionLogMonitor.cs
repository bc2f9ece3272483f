using Microsoft.Extensions.Options;
using Proxy.Logging;

namespace Proxy.Host.Configuration;

/// <summary>Gives the log its options as they are now.</summary>
internal sealed class CompletionLogMonitor(SettingsSource settings) : IOptionsMonitor<CompletionLogOptions>
{
    public CompletionLogOptions CurrentValue => settings.Current.CompletionLog;

    public CompletionLogOptions Get(string? name) => CurrentValue;

    /// <summary>The log looks at each batch; nobody needs to be called.</summary>
    public IDisposable? OnChange(Action<CompletionLogOptions, string?> listener) => null;
}
