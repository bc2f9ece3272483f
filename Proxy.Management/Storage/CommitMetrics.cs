using System.Diagnostics.Metrics;

namespace Proxy.Management.Storage;

/// <summary>What the single writer says of itself. One measurement per commit, none per call.</summary>
internal sealed class CommitMetrics
{
    private readonly Histogram<double>? _duration;
    private readonly Counter<long>? _works;

    /// <param name="meters">Null where nobody listens.</param>
    /// <param name="waiting">How many works wait.</param>
    /// <param name="isWritable">Whether the database takes writes.</param>
    public CommitMetrics(IMeterFactory? meters, Func<int> waiting, Func<bool> isWritable)
    {
        if (meters?.Create("Proxy.Management") is not { } meter) return;

        _duration = meter.CreateHistogram<double>("proxy.commit.duration", "s", "Seconds of a commit, which all calls share that end at the same moment.");
        _works = meter.CreateCounter<long>("proxy.commit.works", "{work}", "Writes that were committed.");
        meter.CreateObservableGauge("proxy.commit.waiting", waiting, "{work}", "Writes that wait for a commit.");
        meter.CreateObservableGauge("proxy.ledger.writable", () => isWritable() ? 1 : 0, "{bool}", "1 while the database takes writes.");
    }

    public void Committed(int works, TimeSpan duration)
    {
        _duration?.Record(duration.TotalSeconds);
        _works?.Add(works);
    }
}
