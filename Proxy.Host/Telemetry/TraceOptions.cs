namespace Proxy.Host.Telemetry;

/// <summary>Section <c>Traces</c>.</summary>
internal sealed class TraceOptions
{
    public const string Section = "Traces";

    /// <summary>Whether providers are told the trace that a call belongs to (W3C <c>traceparent</c> and <c>tracestate</c>). The default value is false.</summary>
    public bool PassToProviders { get; set; }
}
