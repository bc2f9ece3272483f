using System.Runtime.CompilerServices;
using Proxy.Host.Failover;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Balancing;

/// <summary>What the attempts of late say about each destination.</summary>
internal sealed class DeploymentStats(TimeProvider time)
{
    private readonly ConditionalWeakTable<DestinationState, Entry> _entries = [];

    /// <param name="hasFailed">Whether that speaks against the destination.</param>
    public void Observe(DestinationState destination, Attempt attempt, bool hasFailed)
    {
        var latency = attempt.FirstByteAt - attempt.StartedAt;
        var entry = _entries.GetOrCreateValue(destination);
        entry.Add(time.GetUtcNow(), latency, attempt.Answer.Usage?.Total ?? 0);
        if (hasFailed || latency is not null) entry.Judge(hasFailed ? time.GetUtcNow() : null);
    }

    /// <summary>An attempt was given up before its first byte; it would have taken longer than this. Left out, the slow ones would seem to vanish.</summary>
    public void ObserveOutrun(DestinationState destination, TimeSpan waited) => _entries.GetOrCreateValue(destination).Add(time.GetUtcNow(), waited, tokens: 0);

    /// <summary>The time to the first byte that 19 of its last 20 attempts kept; null while too few are known.</summary>
    public TimeSpan? Percentile95Of(DestinationState destination) => _entries.GetOrCreateValue(destination).Percentile95();

    /// <summary>The usual time to the first byte; zero when nothing is known of late, so that it is tried. The longest when its last attempt failed: what refuses at once is not quick.</summary>
    public TimeSpan LatencyOf(DestinationState destination) => _entries.GetOrCreateValue(destination).Latency(time.GetUtcNow());

    /// <summary>Tokens of the current minute.</summary>
    public long TokensOf(DestinationState destination) => _entries.GetOrCreateValue(destination).Tokens(time.GetUtcNow());

    private sealed class Entry
    {
        /// <summary>What is older says nothing any more: a destination that was slow once gets another chance.</summary>
        private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);
        private const double Newest = 0.3;

        /// <summary>So many attempts a percentile goes by, and by no fewer than the second.</summary>
        private const int MostSamples = 128;
        private const int LeastSamples = 20;

        private readonly Lock _lock = new();
        private DateTimeOffset _seen;
        private DateTimeOffset? _failedAt;
        private double _milliseconds;
        private long _minute;
        private long _tokens;
        private readonly float[] _samples = new float[MostSamples];
        private long _count;

        public void Add(DateTimeOffset now, TimeSpan? latency, long tokens)
        {
            lock (_lock)
            {
                if (latency is { } known)
                {
                    var isOld = now - _seen > Memory;
                    _milliseconds = isOld ? known.TotalMilliseconds : (Newest * known.TotalMilliseconds) + ((1 - Newest) * _milliseconds);
                    _seen = now;
                    _samples[(int)(_count++ % MostSamples)] = (float)known.TotalMilliseconds;
                }

                Turn(now);
                _tokens += tokens;
            }
        }

        /// <param name="failedAt">Null when it did well.</param>
        public void Judge(DateTimeOffset? failedAt)
        {
            lock (_lock) _failedAt = failedAt;
        }

        public TimeSpan? Percentile95()
        {
            Span<float> sorted = stackalloc float[MostSamples];
            lock (_lock)
            {
                if (_count < LeastSamples) return null;

                sorted = sorted[..(int)Math.Min(_count, MostSamples)];
                _samples.AsSpan(0, sorted.Length).CopyTo(sorted);
            }

            sorted.Sort();
            return TimeSpan.FromMilliseconds(sorted[(int)Math.Ceiling(sorted.Length * 0.95) - 1]);
        }

        public TimeSpan Latency(DateTimeOffset now)
        {
            lock (_lock)
            {
                if (now - _failedAt <= Memory) return TimeSpan.MaxValue;
                return now - _seen > Memory ? TimeSpan.Zero : TimeSpan.FromMilliseconds(_milliseconds);
            }
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
