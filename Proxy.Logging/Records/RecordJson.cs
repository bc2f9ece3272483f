using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Proxy.Logging.Records;

/// <summary>The neutral form in which a record waits in the outbox, whatever the transport will be.</summary>
/// <remarks>
/// <c>{"head":{"record":{…},"parameters":12,"input":2048,"output":512},"parameters":…,"input":…,"output":…}</c>.
/// The three last are copied as they came. The head knows their lengths, so they are found again without being parsed, and a body that is
/// no JSON harms nobody.
/// </remarks>
internal static class RecordJson
{
    private const int KeptBufferBytes = 64 * 1024;

    private const int UsualHeadBytes = 2048;

    [ThreadStatic]
    private static PooledBuffer? KeptHead;

    /// <summary>Renders a record.</summary>
    public static byte[] Write(CompletionRecord record, int maxFieldBytes, out bool isTruncated) =>
        Render(record, maxFieldBytes, out isTruncated).Body;

    /// <summary>Renders a record; the one that comes back is what <see cref="Read"/> would make of the bytes, which alone it holds on to.</summary>
    public static (byte[] Body, CompletionRecord Record) Render(CompletionRecord record, int maxFieldBytes, out bool isTruncated)
    {
        var bound = RecordCut.Apply(record, maxFieldBytes);
        isTruncated = !ReferenceEquals(bound.Metadata, record.Metadata);
        var body = Write(bound);

        // From the end: input and output are the last, and a brace ends all.
        var end = body.Length - 1;
        var output = TakeLast(body, ref end, "output"u8, bound.Output.Length);
        var input = TakeLast(body, ref end, "input"u8, bound.Input.Length);
        var parameters = TakeLast(body, ref end, "parameters"u8, bound.Parameters.Length);
        return (body, bound with { Parameters = parameters, Input = input, Output = output });
    }

    private static byte[] Write(CompletionRecord record)
    {
        var (parameters, input, output) = (record.Parameters, record.Input, record.Output);
        var head = KeptHead ??= new(UsualHeadBytes);
        head.Truncate(0);
        RecordHead.Write(head, record);
        var body = GC.AllocateUninitializedArray<byte>("{\"head\":}"u8.Length + head.Count
            + TailLength("parameters"u8, parameters) + TailLength("input"u8, input) + TailLength("output"u8, output));
        var rest = body.AsSpan();
        Append(ref rest, "{\"head\":"u8);
        Append(ref rest, head.Written.Span);
        AppendTail(ref rest, "parameters"u8, parameters);
        AppendTail(ref rest, "input"u8, input);
        AppendTail(ref rest, "output"u8, output);
        Append(ref rest, "}"u8);
        if (head.Count > KeptBufferBytes)
        {
            KeptHead = null;
            head.Return();
        }

        return body;
    }

    /// <exception cref="JsonException">The body was not written here.</exception>
    public static CompletionRecord Read(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span);
        reader.Read();
        reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals("head"u8)) throw new JsonException("The body has no head.");
        reader.Read();
        var head = JsonSerializer.Deserialize(ref reader, RecordJsonContext.Default.RecordHead)
            ?? throw new JsonException("The head is empty.");

        var rest = body[(int)reader.BytesConsumed..];
        return head.Record with
        {
            Parameters = Take(ref rest, "parameters"u8, head.Parameters),
            Input = Take(ref rest, "input"u8, head.Input),
            Output = Take(ref rest, "output"u8, head.Output),
        };
    }

    private static int TailLength(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> value) =>
        value.IsEmpty ? 0 : name.Length + ",\"\":"u8.Length + value.Length;

    private static void AppendTail(ref Span<byte> rest, ReadOnlySpan<byte> name, ReadOnlyMemory<byte> value)
    {
        if (value.IsEmpty) return;
        Append(ref rest, ",\""u8);
        Append(ref rest, name);
        Append(ref rest, "\":"u8);
        Append(ref rest, value.Span);
    }

    private static void Append(ref Span<byte> rest, scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(rest);
        rest = rest[value.Length..];
    }

    private static ReadOnlyMemory<byte> TakeLast(byte[] body, ref int end, ReadOnlySpan<byte> name, int length)
    {
        if (length == 0) return default;

        end -= length;
        var value = body.AsMemory(end, length);
        end -= name.Length + ",\"\":"u8.Length;
        return value;
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest, ReadOnlySpan<byte> name, int length)
    {
        if (length == 0) return default;
        var start = name.Length + ",\"\":"u8.Length;
        if (length < 0 || rest.Length < start + length || !rest.Span[2..start].StartsWith(name)) ThrowBroken();
        var value = rest.Slice(start, length);
        rest = rest[(start + length)..];
        return value;
    }

    [DoesNotReturn]
    private static void ThrowBroken() => throw new JsonException("The lengths in the head do not fit the body.");
}
