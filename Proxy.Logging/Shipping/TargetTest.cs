using System.Text;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Sends one record that says that it is a test, by the way that all records go.</summary>
internal sealed class TargetTest(LogDestinations destinations, TimeProvider time)
{
    public async Task<TargetTestResult> RunAsync(LogTarget target, CancellationToken cancellationToken)
    {
        var destination = destinations.Of(target);
        var format = await destination.FindFormatAsync(target, cancellationToken);
        var batch = new RecordBatch(format);
        batch.TryAdd(default, owner: null, Record(), target);
        batch.Seal(format.IsCompressed);
        var verdict = await destination.SendAsync(target, batch, cancellationToken);
        if (verdict.Kind == Delivery.Rebuild) return await RunAsync(target, cancellationToken);
        if (verdict.Kind != Delivery.Delivered) return await ExplainAsync(destination, target, verdict, cancellationToken);

        var name = await destination.DescribeAsync(target, cancellationToken);
        return new(true, $"A test record was taken by {target.Host.Authority}{(name is null ? "" : $" ({name})")}.") { IsReached = true, AreCredentialsAccepted = true };
    }

    /// <summary>How far the record came.</summary>
    private static async Task<TargetTestResult> ExplainAsync(ILogDestination destination, LogTarget target, DeliveryVerdict verdict, CancellationToken cancellationToken)
    {
        var place = target.Host.Authority;
        if (AreRefused(verdict)) return CredentialsRefused(place, verdict) with { IsReached = verdict.IsAnswer };
        if (!verdict.IsAnswer) return new(false, $"{place} cannot be reached: {verdict.Reason}.") { IsReached = false };

        // The record was looked at, or something else is wrong: what holds no record tells the two apart.
        var result = new TargetTestResult(false, $"The test record was not taken by {place}: {verdict.Reason}.") { IsReached = true };
        if (verdict.MustWait) return result;

        var probe = await destination.ProbeAsync(target, cancellationToken);
        if (AreRefused(probe)) return CredentialsRefused(place, probe) with { IsReached = true };
        return result with { AreCredentialsAccepted = probe.Kind == Delivery.Delivered ? true : null };
    }

    private static bool AreRefused(DeliveryVerdict verdict) =>
        verdict.Kind == Delivery.Park && (verdict.Reason == DeliveryVerdict.NoToken || verdict.Reason.StartsWith("401", StringComparison.Ordinal) || verdict.Reason.StartsWith("403", StringComparison.Ordinal));

    private static TargetTestResult CredentialsRefused(string place, DeliveryVerdict verdict) =>
        new(false, $"{place} does not accept the credentials: {verdict.Reason}.") { AreCredentialsAccepted = false };

    private CompletionRecord Record()
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        return new CompletionRecord
        {
            Id = id,
            TraceId = $"{id:N}",
            SpanId = $"{id:N}"[16..],
            TraceName = "callback test",
            Name = "callback test",
            Operation = "chat",
            StartedAt = time.GetUtcNow(),
            EndedAt = time.GetUtcNow(),
            Level = CompletionLevel.Default,
            Tags = ["callback-test"],
            Model = "callback-test",
            Input = Encoding.UTF8.GetBytes("\"Is this project reached?\""),
            Output = Encoding.UTF8.GetBytes("\"It is.\""),
            Usage = new(0, 0, 0, 0, 0),
            Cost = new(0, 0),
        };
    }
}

/// <summary>What came of a test.</summary>
/// <param name="IsHealthy">Whether the record was taken.</param>
/// <param name="Details">A sentence without secrets.</param>
public sealed record TargetTestResult(bool IsHealthy, string Details)
{
    /// <summary>Whether the target answered.</summary>
    public bool IsReached { get; init; }

    /// <summary>Null when nothing says so.</summary>
    public bool? AreCredentialsAccepted { get; init; }
}
