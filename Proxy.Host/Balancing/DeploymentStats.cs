using System.Runtime.CompilerServices;
using Proxy.Host.Failover;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Balancing;

/// <summary>What the attempts of late say about each destination.</summary>
internal sealed class DeploymentStats(TimeProvider time)
{
    private readonly ConditionalWeakTable<DestinationState, Entry> _entries = [];

    public void Observe(DestinationState destination, Attempt attempt)
    {
        var latency = attempt.FirstByteAt - attempt.StartedAt;
        _entries.GetOrCreateValue(destination).Add(time.GetUtcNow(), latency, attempt.Answer.Usage?.Total ?? 0);
    }

    /// <summary>The usual time to the first byte; zero when nothing is known of late, so that it is tried.</summary>
    public TimeSpan LatencyOf(DestinationState destination) => _entries.GetOrCreateValue(destination).Latency(time.GetUtcNow());

    /// <summary>Tokens of the current minute.</summary>
    public long TokensOf(DestinationState destination) => _entries.GetOrCreateValue(destination).Tokens(time.GetUtcNow());

    private sealed class Entry
    {
        /// <summary>What is older says nothing any more: a destination that was slow once gets another chance.</summary>
        private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);
        private const double Newest = 0.3;

        private readonly Lock _lock = new();
        private DateTimeOffset _seen;
        private double _milliseconds;
        private long _minute;
        private long _tokens;

        public void Add(DateTimeOffset now, TimeSpan? latency, long tokens)
        {
            lock (_lock)
            {
                if (latency is { } known)
                {
                    var isOld = now - _seen > Memory;
                    _milliseconds = isOld ? known.TotalMilliseconds : (Newest * known.TotalMilliseconds) + ((1 - Newest) * _milliseconds);
                    _seen = now;
                }

                Turn(now);
                _tokens += tokens;
            }
        }

        public TimeSpan Latency(DateTimeOffset now)
        {
            lock (_lock) return now - _seen > Memory ? TimeSpan.Zero : TimeSpan.FromMilliseconds(_milliseconds);
        }

        public long Tokens(DateTimeOffset now)
        {
            lock (_lock)
            {
                Turn(now);
                return _tokens;
            }
        }

        private void Turn(DateTimeOffset now)
        {
            var minute = now.ToUnixTimeSeconds() / 60;
            if (minute != _minute) (_minute, _tokens) = (minute, 0);
        }
    }
}
