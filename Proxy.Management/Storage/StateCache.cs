using System.Collections.Concurrent;

namespace Proxy.Management.Storage;

/// <summary>Live state of rows, loaded on first use and kept, so that references to it stay good.</summary>
/// <remarks>A load that began before a change of its row may have read the old one. <see cref="Change"/> is therefore called after each
/// commit: it hands a loaded state to the caller, or makes a load under way read again.</remarks>
internal sealed class StateCache<TKey, TState>(Func<TKey, Task<TState?>> load)
    where TKey : notnull
    where TState : class
{
    private readonly ConcurrentDictionary<TKey, TState> _states = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Load> _loads = [];

    /// <returns>Null when it is not in memory.</returns>
    public TState? FindLoaded(TKey key) => _states.GetValueOrDefault(key);

    /// <summary>All that is in memory.</summary>
    public IEnumerable<TState> Loaded => _states.Values;

    /// <param name="key">The row's key.</param>
    /// <param name="missing">Called, unless a change came between, when there is no such row.</param>
    public Task<TState?> LoadAsync(TKey key, Action<TKey>? missing)
    {
        Load started;
        lock (_lock)
        {
            if (_states.TryGetValue(key, out var state)) return Task.FromResult<TState?>(state);
            if (_loads.TryGetValue(key, out var running)) return running.Done.Task;

            started = new Load();
            _loads.Add(key, started);
        }

        _ = RunAsync(key, started, missing);
        return started.Done.Task;
    }

    /// <summary>The state, made from a row that the caller has just read when there is none yet.</summary>
    public TState GetOrAdd(TKey key, Func<TState> create)
    {
        lock (_lock)
        {
            if (_states.TryGetValue(key, out var state)) return state;

            return _states[key] = create();
        }
    }

    /// <summary>The row has changed in a commit: a loaded state is told, a load under way reads again.</summary>
    public void Change(TKey key, Action<TState>? loaded, Action<TKey>? always = null)
    {
        lock (_lock)
        {
            always?.Invoke(key);
            if (_states.TryGetValue(key, out var state)) loaded?.Invoke(state);
            else if (_loads.TryGetValue(key, out var running)) running.IsStale = true;
        }
    }

    /// <summary>Any row may have changed in a commit: each loaded state is told, each load under way reads again.</summary>
    public void ChangeAll(Action<TState> loaded)
    {
        lock (_lock)
        {
            foreach (var state in _states.Values) loaded(state);
            foreach (var running in _loads.Values) running.IsStale = true;
        }
    }

    /// <summary>The row is gone.</summary>
    public void Remove(TKey key)
    {
        lock (_lock)
        {
            _states.TryRemove(key, out _);
            if (_loads.TryGetValue(key, out var running)) running.IsStale = true;
        }
    }

    private async Task RunAsync(TKey key, Load running, Action<TKey>? missing)
    {
        try
        {
            TState? state;
            do state = await load(key);
            while (!TryPublish(key, running, state, missing));

            running.Done.SetResult(state);
        }
        catch (Exception exception)
        {
            lock (_lock) _loads.Remove(key);
            running.Done.SetException(exception);
        }
    }

    private bool TryPublish(TKey key, Load running, TState? state, Action<TKey>? missing)
    {
        lock (_lock)
        {
            if (running.IsStale)
            {
                running.IsStale = false;
                return false;
            }

            if (state is not null) _states[key] = state;
            else missing?.Invoke(key);
            _loads.Remove(key);
            return true;
        }
    }

    private sealed class Load
    {
        public TaskCompletionSource<TState?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsStale { get; set; }
    }
}
