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
    /// <summary>Writes a record whose fields are valid UTF-8.</summary>
    public static void Write(PooledBuffer output, CompletionRecord record)
    {
        output.Write("{\"head\":"u8);
        RecordHead.Write(output, record);
        WriteTail(output, ",\"parameters\":"u8, record.Parameters.Span);
        WriteTail(output, ",\"input\":"u8, record.Input.Span);
        WriteTail(output, ",\"output\":"u8, record.Output.Span);
        output.Write("}"u8);
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

    private static void WriteTail(PooledBuffer output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return;

        output.Write(name);
        output.Write(value);
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
