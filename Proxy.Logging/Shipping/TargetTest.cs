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
        using var batch = new RecordBatch(format, target, format.IsCompressed);
        batch.TryAdd(0, Record(), storedBytes: 0);
        var verdict = await destination.SendAsync(target, batch, cancellationToken);
        if (verdict.Kind == Delivery.Rebuild) return await RunAsync(target, cancellationToken);

        var isTaken = verdict.Kind == Delivery.Delivered;
        var name = isTaken ? await destination.DescribeAsync(target, cancellationToken) : null;
        return new(isTaken, isTaken
            ? $"A test record was taken by {target.Host.Authority}{(name is null ? "" : $" ({name})")}."
            : $"The test record was not taken by {target.Host.Authority}: {verdict.Reason}.");
    }

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

/// <summary>What came of a test, in a sentence without secrets.</summary>
public sealed record TargetTestResult(bool IsHealthy, string Details);
