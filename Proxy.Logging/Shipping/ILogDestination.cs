using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>A kind of place that takes records. It keeps nothing of a target but what it has learnt about its host.</summary>
internal interface ILogDestination
{
    /// <summary>The name of the callbacks that lead here.</summary>
    string Kind { get; }

    /// <summary>How records are written for nearly all targets.</summary>
    BatchFormat UsualFormat { get; }

    /// <summary>How records are to be written for this target.</summary>
    ValueTask<BatchFormat> FindFormatAsync(LogTarget target, CancellationToken abort) => new(UsualFormat);

    /// <summary>One attempt. Every failure is a verdict, save the end of <paramref name="abort"/>.</summary>
    Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort);

    /// <summary>Asks whether the target takes requests of ours at all; nothing is stored there.</summary>
    Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort);

    /// <summary>What a person should know who tests the target, as the name of the project that its keys lead to; else null.</summary>
    Task<string?> DescribeAsync(LogTarget target, CancellationToken abort) => Task.FromResult<string?>(null);
}

/// <summary>All kinds of places.</summary>
internal sealed class LogDestinations(IEnumerable<ILogDestination> destinations)
{
    private readonly Dictionary<string, ILogDestination> _byKind = destinations.ToDictionary(destination => destination.Kind);

    public ILogDestination Of(LogTarget target) => _byKind[target.Kind];

    public bool Has(string kind) => _byKind.ContainsKey(kind);
}
