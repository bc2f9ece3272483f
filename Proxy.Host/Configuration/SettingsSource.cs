using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>The settings that serve now. New ones reach YARP first; calls see them once YARP routes by them.</summary>
internal sealed class SettingsSource(ProxySettings initial) : IConfigChangeListener
{
    private readonly Lock _lock = new();
    private volatile ProxySettings _current = initial;
    private (ProxySettings Settings, TaskCompletionSource<bool> IsApplied)? _next;

    public ProxySettings Current => _current;

    /// <summary>Told of settings just before calls see them.</summary>
    public Action<ProxySettings>? Changing { get; set; }

    /// <summary>What YARP reads.</summary>
    public InMemoryConfigProvider Routes { get; } = new(initial.Routes, initial.Clusters);

    /// <returns>False when YARP did not take them; the old ones serve on.</returns>
    public Task<bool> ApplyAsync(ProxySettings settings)
    {
        var isApplied = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock) _next = (settings, isApplied);
        Routes.Update(settings.Routes, settings.Clusters);
        return isApplied.Task;
    }

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        lock (_lock)
        {
            if (_next is not { } next) return;
            Changing?.Invoke(next.Settings);
            _current = next.Settings;
            _next = null;
            next.IsApplied.SetResult(true);
        }
    }

    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) => Forget();

    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception) => Forget();

    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    /// <summary>YARP has logged why, and serves on with what it had; so do we.</summary>
    private void Forget()
    {
        lock (_lock)
        {
            _next?.IsApplied.SetResult(false);
            _next = null;
        }
    }
}
