using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Proxy.Host.Prometheus;

/// <summary>The figures of this program's own meters, as they are exported by OTLP too: the log, the ledger, the gateway.</summary>
/// <remarks>Those of calls are not among them: under the names of the GenAI conventions they would cost each call a second counting.</remarks>
internal sealed class MeterFigures : IDisposable
{
    private const int MaxSeries = 2000;

    private static readonly string[] Meters = ["Proxy.Logging", "Proxy.Management"];

    private readonly ConcurrentDictionary<Instrument, Figure> _figures = new();
    private readonly MeterListener _listener = new();
    private readonly Lock _reading = new();

    public MeterFigures(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Other programs of this process have meters of the same names.
            if (!ReferenceEquals(instrument.Meter.Scope, meters) || !Meters.Contains(instrument.Meter.Name)) return;

            _figures.GetOrAdd(instrument, static instrument => new Figure(instrument));
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    public void Write(PrometheusText text)
    {
        lock (_reading)
        {
            foreach (var figure in _figures.Values.Where(figure => figure.IsObserved)) figure.Age();
            _listener.RecordObservableInstruments();
            foreach (var figure in _figures.Values.OrderBy(figure => figure.Name, StringComparer.Ordinal)) figure.Write(text);
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _figures.GetOrAdd(instrument, static instrument => new Figure(instrument)).Take(value, tags);

    /// <summary>One instrument: its last values, its sums, or its buckets.</summary>
    private sealed class Figure(Instrument instrument)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, Series> _values = new(StringComparer.Ordinal);
        private readonly Buckets? _buckets = instrument is Histogram<double> or Histogram<long> ? new(BucketScale.OfGateway) : null;

        private bool IsSummed => !instrument.IsObservable;

        public bool IsObserved => instrument.IsObservable;

        public string Name { get; } = instrument.Name.Replace('.', '_')
            + instrument.Unit switch { "s" => "_seconds", "By" when !instrument.Name.EndsWith("bytes", StringComparison.Ordinal) => "_bytes", _ => "" }
            + (instrument is Counter<long> or Counter<double> ? "_total" : "");

        /// <summary>What is not observed after this is gone.</summary>
        public void Age()
        {
            lock (_lock)
            {
                foreach (var series in _values.Values) series.IsOld = true;
            }
        }

        public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_lock)
            {
                if (_buckets is not null)
                {
                    _buckets.Add(value);
                    return;
                }

                // Mostly one, and some are counted with each call: no text is made for those.
                var key = tags is [{ Value: string only }] ? only : Joined(tags);
                if (!_values.TryGetValue(key, out var series))
                {
                    if (_values.Count >= MaxSeries) return;
                    _values[key] = series = new Series(PrometheusText.Labels(LabelsOf(tags)));
                }

                series.Value = IsSummed ? series.Value + value : value;
                series.IsOld = false;
            }
        }

        public void Write(PrometheusText text)
        {
            lock (_lock)
            {
                text.Family(Name, _buckets is not null ? "histogram" : IsSummed ? "counter" : "gauge", instrument.Description ?? instrument.Name);
                if (_buckets is not null) text.Histogram(Name, [], _buckets);
                foreach (var (key, series) in _values)
                {
                    if (series.IsOld) _values.Remove(key);
                    else text.Sample(Name, series.Labels, series.Value);
                }
            }
        }

        private static string Joined(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var key = "";
            foreach (var tag in tags) key = $"{key}{tag.Value}\u001f";
            return key;
        }

        private static Label[] LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = new Label[tags.Length];
            for (var i = 0; i < tags.Length; i++) labels[i] = new Label(tags[i].Key.Replace('.', '_'), tags[i].Value?.ToString());
            return labels;
        }

        private sealed class Series(byte[] labels)
        {
            public byte[] Labels => labels;

            public double Value { get; set; }

            public bool IsOld { get; set; }
        }
    }
}
