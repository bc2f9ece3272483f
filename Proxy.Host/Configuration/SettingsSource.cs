using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>The settings that serve now. New ones reach YARP first; calls see them once YARP routes by them.</summary>
internal sealed class SettingsSource(ProxySettings initial) : IConfigChangeListener
{
    private readonly Lock _lock = new();
    private volatile ProxySettings _current = initial;
    private ProxySettings? _next;

    public ProxySettings Current => _current;

    /// <summary>What YARP reads.</summary>
    public InMemoryConfigProvider Routes { get; } = new(initial.Routes, initial.Clusters);

    public void Apply(ProxySettings settings)
    {
        lock (_lock) _next = settings;
        Routes.Update(settings.Routes, settings.Clusters);
    }

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        lock (_lock)
        {
            if (_next is null) return;
            _current = _next;
            _next = null;
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
        lock (_lock) _next = null;
    }
}
