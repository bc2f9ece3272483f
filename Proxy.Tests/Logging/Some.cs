using System.Text;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>Values that a test needs but is not about.</summary>
internal static class Some
{
    public static CompletionRecord Record(string name = "chat") => new()
    {
        Id = Guid.NewGuid(),
        TraceId = $"{Guid.NewGuid():N}",
        SpanId = $"{Guid.NewGuid():N}"[..16],
        TraceName = "chat-completions",
        Name = name,
        Operation = "chat",
        StartedAt = new(2026, 11, 21, 20, 29, 56, 344, TimeSpan.Zero),
        EndedAt = new(2026, 11, 21, 20, 29, 57, 744, TimeSpan.Zero),
        Level = CompletionLevel.Default,
        Model = "gpt-4o",
        Input = Json("""[{"role":"user","content":"hi"}]"""),
        Output = Json("""{"role":"assistant","content":"hello"}"""),
    };

    /// <summary>A record as it waits in the outbox.</summary>
    public static byte[] Stored(CompletionRecord record, int maxFieldBytes = 4_000_000)
    {
        var output = new PooledBuffer(16);
        RecordJson.Write(output, RecordCut.Apply(record, maxFieldBytes));
        return output.Written.ToArray();
    }

    public static ReadOnlyMemory<byte> Json(string text) => Encoding.UTF8.GetBytes(text);
}
