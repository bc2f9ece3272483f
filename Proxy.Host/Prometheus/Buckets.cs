using System.Globalization;
using System.Text;

namespace Proxy.Host.Prometheus;

/// <summary>How many values lie below each bound. Whoever has it locks.</summary>
internal sealed class Buckets(BucketScale scale)
{
    private readonly long[] _counts = new long[scale.Count + 1];

    public BucketScale Scale => scale;

    public double Sum { get; private set; }

    public bool IsEmpty => _counts.AsSpan().IndexOfAnyExcept(0) < 0;

    public void Add(double value)
    {
        _counts[scale.IndexOf(value)]++;
        Sum += value;
    }

    /// <summary>How many lie at or below the bound of this index and above the one before it; behind the last bound, those above all.</summary>
    public long At(int index) => _counts[index];
}

/// <summary>The bounds of buckets, and the labels of them.</summary>
internal sealed class BucketScale(params double[] bounds)
{
    /// <summary>For whole calls, from cached answers to long ones.</summary>
    public static readonly BucketScale OfCalls = new(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300);

    /// <summary>For what the gateway itself takes.</summary>
    public static readonly BucketScale OfGateway = new(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5);

    private readonly byte[][] _labels = [.. bounds.Select(bound => Encoding.ASCII.GetBytes($"le=\"{bound.ToString("R", CultureInfo.InvariantCulture)}\""))];

    public static ReadOnlySpan<byte> Infinity => "le=\"+Inf\""u8;

    public IReadOnlyList<double> Bounds => bounds;

    public int Count => bounds.Length;

    public ReadOnlySpan<byte> LabelOf(int index) => _labels[index];

    public int IndexOf(double value)
    {
        var index = 0;
        while (index < bounds.Length && value > bounds[index]) index++;
        return index;
    }
}
