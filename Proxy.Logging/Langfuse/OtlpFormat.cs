using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>Spans by OTLP, in the attributes that Langfuse reads first.</summary>
internal sealed class OtlpFormat : BatchFormat
{
    public static readonly OtlpFormat Instance = new();

    private OtlpFormat() => IsCompressed = true;

    public override void Write(PooledBuffer output, CompletionRecord record, LogTarget target) =>
        LangfuseSpans.Write(output, record, target.FindOption("environment"));
}
