using System.Diagnostics.Metrics;
using FluentAssertions;

namespace Proxy.Tests.Logging;

/// <summary>What one log says in its metrics, added up; and whether that is what its tables say.</summary>
internal sealed class Books : IDisposable
{
    private const string Prefix = "completion_log.";

    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _sums = [];
    private readonly long _atStart;

    /// <param name="meters">The meters of the log.</param>
    /// <param name="atStart">What waited, and was dead, before it started.</param>
    public Books(IMeterFactory meters, long atStart)
    {
        _atStart = atStart;
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            lock (_sums) _sums[instrument.Name[Prefix.Length..]] = _sums.GetValueOrDefault(instrument.Name[Prefix.Length..]) + value;
        });
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name.StartsWith(Prefix, StringComparison.Ordinal)) self.EnableMeasurementEvents(instrument);
        };
        _listener.Start();
    }

    public IReadOnlyDictionary<string, long> Read()
    {
        lock (_sums)
        {
            _sums.Remove("waiting");
            _sums.Remove("outbox_bytes");
        }

        _listener.RecordObservableInstruments();
        lock (_sums) return new Dictionary<string, long>(_sums);
    }

    /// <summary>At rest nothing is missing, and nothing is there twice.</summary>
    /// <param name="committed">Rows of commits, of which some may not have been announced: as when the program dies in between.</param>
    /// <param name="inOutbox">Rows that wait.</param>
    /// <param name="dead">Dead letters.</param>
    public void ShouldBalance(long committed, long inOutbox, long dead)
    {
        var sums = Read();
        var went = Sum(sums, "delivered") + Sum(sums, "purged") + Sum(sums, "dropped");

        (_atStart + committed).Should().Be(went + inOutbox + dead, "accepted = delivered + waiting + dead letters + purged + dropped");
        if (Sum(sums, "accepted") == committed) Sum(sums, "waiting").Should().Be(inOutbox, "the gauge tells what the table holds");
    }

    public void Dispose() => _listener.Dispose();

    private static long Sum(IReadOnlyDictionary<string, long> sums, string name) => sums.GetValueOrDefault(name);
}
