using System.Diagnostics.Metrics;
using FluentAssertions;

namespace Proxy.Tests.Logging;

/// <summary>What one log says in its metrics, target by target; and whether that is what its tables say.</summary>
internal sealed class Books : IDisposable
{
    private const string Prefix = "completion_log.";

    private readonly MeterListener _listener = new();
    private readonly Dictionary<(string Name, string Target), long> _sums = [];
    private readonly IReadOnlyDictionary<string, long> _atStart;

    /// <param name="meters">The meters of the log.</param>
    /// <param name="atStart">What waited for each target, and was dead, before it started.</param>
    public Books(IMeterFactory meters, IReadOnlyDictionary<string, long> atStart)
    {
        _atStart = atStart;
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var target = tags.ToArray().FirstOrDefault(tag => tag.Key == "target").Value as string ?? "";
            lock (_sums) _sums[(instrument.Name[Prefix.Length..], target)] = _sums.GetValueOrDefault((instrument.Name[Prefix.Length..], target)) + value;
        });
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name.StartsWith(Prefix, StringComparison.Ordinal)) self.EnableMeasurementEvents(instrument);
        };
        _listener.Start();
    }

    /// <summary>All targets together.</summary>
    public IReadOnlyDictionary<string, long> Read() => ReadAll().GroupBy(sum => sum.Key.Name).ToDictionary(group => group.Key, group => group.Sum(sum => sum.Value));

    /// <summary>At rest nothing is missing, and nothing is there twice, at any target.</summary>
    /// <param name="committed">Rows of commits, of which some may not have been announced: as when the program dies in between.</param>
    /// <param name="inOutbox">Rows that wait.</param>
    /// <param name="dead">Dead letters.</param>
    public void ShouldBalance(IReadOnlyDictionary<string, long> committed, IReadOnlyDictionary<string, long> inOutbox, IReadOnlyDictionary<string, long> dead)
    {
        var sums = ReadAll();
        foreach (var target in _atStart.Keys.Union(committed.Keys).Union(inOutbox.Keys).Union(dead.Keys).Union(sums.Keys.Select(key => key.Target)).Where(target => target.Length > 0))
        {
            long Sum(string name) => sums.GetValueOrDefault((name, target));

            var came = _atStart.GetValueOrDefault(target) + committed.GetValueOrDefault(target);
            var left = inOutbox.GetValueOrDefault(target) + dead.GetValueOrDefault(target);
            came.Should().Be(Sum("delivered") + Sum("purged") + Sum("dropped") + left, "at target {0} accepted = delivered + waiting + dead letters + purged + dropped", target);
            if (Sum("accepted") == committed.GetValueOrDefault(target)) Sum("waiting").Should().Be(inOutbox.GetValueOrDefault(target), "the gauge of {0} tells what the table holds", target);
        }
    }

    public void Dispose() => _listener.Dispose();

    private Dictionary<(string Name, string Target), long> ReadAll()
    {
        lock (_sums)
        {
            foreach (var gauge in _sums.Keys.Where(key => key.Name is "waiting" or "outbox_bytes").ToList()) _sums.Remove(gauge);
        }

        _listener.RecordObservableInstruments();
        lock (_sums) return new(_sums);
    }
}
