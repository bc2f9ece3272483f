using Proxy.Logging.Records;

namespace Proxy.Logging.Otlp;

/// <summary>The spans of one call as a whole request of OTLP, in protobuf.</summary>
/// <remarks>Requests one behind the other are one request with all their spans, by the rules of protobuf. So nothing has to be known of the others of a batch, and it
/// can be compressed as it comes.</remarks>
internal readonly struct OtlpRequest
{
    public const string ContentType = "application/x-protobuf";

    // Of TracesData, ResourceSpans, ScopeSpans, Resource and InstrumentationScope.
    private const int ResourceSpansField = 1;
    private const int ResourceField = 1;
    private const int ScopeSpansField = 2;
    private const int ScopeField = 1;
    private const int SpansField = 2;
    private const int AttributesField = 1;
    private const int NameField = 1;
    private const int VersionField = 2;

    private static readonly byte[] Resource = Render(static output =>
    {
        var resource = Protobuf.Begin(output, ResourceField);
        var attributes = new OtlpAttributes(output, AttributesField);
        attributes.AddShort("service.name"u8, ProductName.Name);
        attributes.AddShort("service.version"u8, ProductName.Version);
        Protobuf.End(output, resource);
    });

    private static readonly byte[] Scope = Render(static output =>
    {
        var scope = Protobuf.Begin(output, ScopeField);
        Protobuf.WriteText(output, NameField, ProductName.Name);
        Protobuf.WriteText(output, VersionField, ProductName.Version);
        Protobuf.End(output, scope);
    });

    /// <summary>A request that says who sends it, and holds no span.</summary>
    public static readonly byte[] Empty = Render(static output => new OtlpRequest(output).End());

    private readonly PooledBuffer _output;
    private readonly int _resourceSpans;
    private readonly int _scopeSpans;

    /// <summary>Begins a request.</summary>
    public OtlpRequest(PooledBuffer output)
    {
        _output = output;
        _resourceSpans = Protobuf.Begin(output, ResourceSpansField);
        output.Write(Resource);
        _scopeSpans = Protobuf.Begin(output, ScopeSpansField);
        output.Write(Scope);
    }

    /// <summary>Begins a span, which is ended before the next one begins.</summary>
    public OtlpSpan BeginSpan(CompletionRecord record, string name) => new(_output, SpansField, record, name);

    public void End()
    {
        Protobuf.End(_output, _scopeSpans);
        Protobuf.End(_output, _resourceSpans);
    }

    private static byte[] Render(Action<PooledBuffer> write)
    {
        var output = new PooledBuffer(256);
        write(output);
        var bytes = output.Written.ToArray();
        output.Return();
        return bytes;
    }
}
