namespace Proxy.Tests;

/// <summary>Waits for what happens by itself and tells nobody. Looks again and again, so a test ends as soon as it may.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static async Task<T> BecomesAsync<T>(Func<Task<T>> look, Func<T, bool> isThere, TimeSpan? atMost = null)
    {
        using var limit = new CancellationTokenSource(atMost ?? Limit);
        using var timer = new PeriodicTimer(Pause);
        while (true)
        {
            var seen = await look();
            if (isThere(seen) || limit.IsCancellationRequested) return seen;

            await timer.WaitForNextTickAsync();
        }
    }
}
