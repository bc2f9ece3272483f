using System.Globalization;
using System.Runtime.CompilerServices;
using Proxy.Host.Exchanges;
using Proxy.Host.Prometheus;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Failover;

/// <summary>Leaves a destination alone for a while after it failed; never the last one of its cluster. YARP's passive health carries it.</summary>
/// <remarks>
/// Without <c>AllowedFails</c> on the cluster a 429, 401, 403 or 404 cools at once, and other failures when more than half of the calls of the
/// minute failed. With it, any of them counts, and cools when the minute has more than that.
/// </remarks>
internal sealed class CooldownPolicy(IDestinationHealthUpdater health, CallFigures figures, TimeProvider time) : IPassiveHealthCheckPolicy
{
    public const string PolicyName = "Cooldown";
    public const string AllowedFailsKey = "AllowedFails";

    /// <summary>A provider that asks for more is asked again after this.</summary>
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromHours(1);

    private readonly ConditionalWeakTable<DestinationState, MinuteCount> _counts = [];

    public string Name => PolicyName;

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        var exchange = context.Features.Get<Exchange>();
        if (exchange?.Attempt is not { } attempt || exchange.ClientLeft.IsCancellationRequested) return;

        var failure = attempt.Failure;
        var hasFailed = DestinationFault.Is(exchange, attempt);
        var (calls, fails) = _counts.GetOrCreateValue(destination).Add(time.GetUtcNow().ToUnixTimeSeconds() / 60, hasFailed);
        if (!hasFailed || !IsTooMuch(cluster, failure, calls, fails) || !Cooldown.MayBegin(cluster, destination)) return;

        figures.CountCooldown(attempt);
        health.SetPassive(cluster, destination, DestinationHealth.Unhealthy, Period(exchange, cluster, failure));
    }

    private static bool IsTooMuch(ClusterState cluster, AttemptFailure? failure, int calls, int fails)
    {
        if (int.TryParse(cluster.Model.Config.Metadata?.GetValueOrDefault(AllowedFailsKey), NumberStyles.None, CultureInfo.InvariantCulture, out var allowed))
            return fails > allowed;

        return failure?.Status is 401 or 403 or 404 or 429 || (calls > 1 && fails * 2 > calls);
    }

    private static TimeSpan Period(Exchange exchange, ClusterState cluster, AttemptFailure? failure) =>
        (failure?.RetryAfter > LongestPeriod ? LongestPeriod : failure?.RetryAfter) ?? Cooldown.TimeOf(cluster, exchange.Settings);

    /// <summary>Calls and failures of the current minute.</summary>
    private sealed class MinuteCount
    {
        private readonly Lock _lock = new();
        private long _minute;
        private int _calls;
        private int _fails;

        public (int Calls, int Fails) Add(long minute, bool hasFailed)
        {
            lock (_lock)
            {
                if (minute != _minute) (_minute, _calls, _fails) = (minute, 0, 0);
                _calls++;
                if (hasFailed) _fails++;
                return (_calls, _fails);
            }
        }
    }
}
