using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Proxy.Tests.Providers;

/// <summary>Answers in the shape, and streams in the frames, in which Amazon Bedrock gives them.</summary>
internal static class BedrockBodies
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public const string FrameType = "application/vnd.amazon.eventstream";

    public static string Answer(string content, string stop = "end_turn") => $$$"""
        {"metrics":{"latencyMs":1},"output":{"message":{"content":[{{{content}}}],"role":"assistant"}},"stopReason":"{{{stop}}}","usage":{{{Usage}}}}
        """;

    public static string Text(string words) => Answer($$"""{"text":{{Quoted(words)}}}""");

    public const string Usage = """{"inputTokens":10,"outputTokens":5,"totalTokens":65,"cacheReadInputTokens":30,"cacheWriteInputTokens":20,"cacheDetails":[{"inputTokens":8,"ttl":"1h"},{"inputTokens":12,"ttl":"5m"}]}""";

    public static byte[] Stream(params IEnumerable<string> words) =>
    [
        .. Event("messageStart", """{"p":"abcd","role":"assistant"}"""),
        .. words.SelectMany(word => Delta(0, $$"""{"text":{{Quoted(word)}}}""")),
        .. Event("contentBlockStop", """{"contentBlockIndex":0,"p":"ab"}"""),
        .. Event("messageStop", """{"p":"a","stopReason":"end_turn"}"""),
        .. Metadata(),
    ];

    public static byte[] Metadata() => Event("metadata", $$$"""{"metrics":{"latencyMs":9},"usage":{{{Usage}}}}""");

    public static byte[] Delta(int index, string delta) => Event("contentBlockDelta", $$"""{"contentBlockIndex":{{index}},"delta":{{delta}},"p":"abcdefgh"}""");

    public static byte[] Event(string type, string content) => Frame(content, (":event-type", type), (":content-type", "application/json"), (":message-type", "event"));

    public static byte[] Exception(string type, string message) =>
        Frame($$"""{"message":{{Quoted(message)}}}""", (":exception-type", type), (":content-type", "application/json"), (":message-type", "exception"));

    public static byte[] Frame(string content, params IEnumerable<(string Name, string Value)> headers)
    {
        var head = headers.SelectMany(header => (byte[])[(byte)header.Name.Length, .. Encoding.UTF8.GetBytes(header.Name), 7, .. BigEndian16(header.Value.Length), .. Encoding.UTF8.GetBytes(header.Value)]).ToArray();
        return Frame(head, Encoding.UTF8.GetBytes(content));
    }

    public static byte[] Frame(byte[] head, byte[] content)
    {
        var frame = new byte[12 + head.Length + content.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), head.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Crc32.HashToUInt32(frame.AsSpan(0, 8)));
        head.CopyTo(frame, 12);
        content.CopyTo(frame, 12 + head.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), Crc32.HashToUInt32(frame.AsSpan(0, frame.Length - 4)));
        return frame;
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);

    private static byte[] BigEndian16(int value) => [(byte)(value >> 8), (byte)value];
}
