namespace Proxy.Host.Prometheus;

/// <summary>How many values lie below each bound. Whoever has it locks.</summary>
internal sealed class Buckets(double[] bounds)
{
    /// <summary>For whole calls, from cached answers to long ones.</summary>
    public static readonly double[] OfCalls = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

    /// <summary>For what the gateway itself takes.</summary>
    public static readonly double[] OfGateway = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

    private readonly long[] _counts = new long[bounds.Length + 1];

    public ReadOnlySpan<double> Bounds => bounds;

    public double Sum { get; private set; }

    public void Add(double value)
    {
        var index = 0;
        while (index < bounds.Length && value > bounds[index]) index++;
        _counts[index]++;
        Sum += value;
    }

    /// <summary>How many lie at or below the bound of this index; behind the last bound, all.</summary>
    public long UpTo(int index)
    {
        var count = 0L;
        for (var i = 0; i <= index; i++) count += _counts[i];
        return count;
    }
}
