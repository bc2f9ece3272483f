using Proxy.Management.Models;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>The settings that serve now. New ones reach YARP first; calls see them once YARP routes by them.</summary>
internal sealed class SettingsSource(ProxySettings initial) : IConfigChangeListener, IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1);
    private volatile ProxySettings _current = initial;
    private (ProxySettings Settings, TaskCompletionSource<bool> IsApplied)? _next;

    public ProxySettings Current => _current;

    /// <summary>The deployments of the database that <see cref="Current"/> holds. Read and set by whoever has the turn.</summary>
    public IReadOnlyList<StoredModel> StoredModels { get; set; } = [];

    /// <summary>Told of settings just before calls see them.</summary>
    public Action<ProxySettings>? Changing { get; set; }

    /// <summary>What YARP reads.</summary>
    public InMemoryConfigProvider Routes { get; } = new(initial.Routes, initial.Clusters);

    /// <summary>One at a time may read settings and apply them; dispose to let the next.</summary>
    public async Task<IDisposable> TakeTurnAsync()
    {
        await _turn.WaitAsync();
        return new Turn(_turn);
    }

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

    public void Dispose() => _turn.Dispose();

    /// <summary>YARP has logged why, and serves on with what it had; so do we.</summary>
    private void Forget()
    {
        lock (_lock)
        {
            _next?.IsApplied.SetResult(false);
            _next = null;
        }
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
