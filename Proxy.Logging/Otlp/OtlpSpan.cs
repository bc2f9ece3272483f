using System.Text;
using Proxy.Logging.Records;

namespace Proxy.Logging.Otlp;

/// <summary>One finished span in the making.</summary>
internal readonly ref struct OtlpSpan
{
    private const int TraceIdField = 1;
    private const int SpanIdField = 2;
    private const int ParentSpanIdField = 4;
    private const int NameField = 5;
    private const int KindField = 6;
    private const int StartField = 7;
    private const int EndField = 8;
    private const int AttributesField = 9;
    private const int StatusField = 15;
    private const int StatusMessageField = 2;
    private const int StatusCodeField = 3;

    private const int ServerKind = 2;
    private const int OkCode = 1;
    private const int ErrorCode = 2;

    private readonly PooledBuffer _output;
    private readonly int _start;

    /// <summary>Begins a span and writes all but its attributes.</summary>
    public OtlpSpan(PooledBuffer output, int field, CompletionRecord record, string name)
    {
        _output = output;
        _start = Protobuf.Begin(output, field);
        Protobuf.WriteId(output, TraceIdField, record.TraceId);
        Protobuf.WriteId(output, SpanIdField, record.SpanId);
        if (record.ParentSpanId is { } parent) Protobuf.WriteId(output, ParentSpanIdField, parent);
        Protobuf.WriteText(output, NameField, name);
        Protobuf.WriteNumber(output, KindField, ServerKind);
        Protobuf.WriteFixed(output, StartField, Nanoseconds(record.StartedAt));
        Protobuf.WriteFixed(output, EndField, Nanoseconds(record.EndedAt < record.StartedAt ? record.StartedAt : record.EndedAt));
        WriteStatus(output, record);
    }

    public OtlpAttributes Attributes => new(_output, AttributesField);

    /// <summary>Facts as attributes whose names begin with this.</summary>
    public static FactStyle FactsUnder(string prefix)
    {
        var utf8 = Encoding.UTF8.GetBytes(prefix);
        return new((output, name, value) => new OtlpAttributes(output, AttributesField).AddFact(utf8, name, value));
    }

    /// <param name="style">From <see cref="FactsUnder"/>.</param>
    /// <param name="facts">Values are JSON texts.</param>
    public void AddFacts(FactStyle style, IReadOnlyDictionary<string, string> facts) => style.Write(_output, facts);

    public void End() => Protobuf.End(_output, _start);

    private static void WriteStatus(PooledBuffer output, CompletionRecord record)
    {
        var isError = record.Level == CompletionLevel.Error;
        var status = Protobuf.Begin(output, StatusField);
        if (isError && record.StatusMessage is { } message) Protobuf.WriteText(output, StatusMessageField, message);
        Protobuf.WriteNumber(output, StatusCodeField, isError ? ErrorCode : OkCode);
        Protobuf.End(output, status);
    }

    private static ulong Nanoseconds(DateTimeOffset time) => checked((ulong)((time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick));
}
