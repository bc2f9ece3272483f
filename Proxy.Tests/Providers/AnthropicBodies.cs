using System.Text.Json;

namespace Proxy.Tests.Providers;

/// <summary>Answers in the shape in which Anthropic's Messages API gives them.</summary>
internal static class AnthropicBodies
{
    public const string Model = "claude-sonnet-4-5-20250929";

    public static string Message(string words) => $$$"""
        {"id":"msg_01","type":"message","role":"assistant","model":"{{{Model}}}","content":[{"type":"text","text":{{{JsonSerializer.Serialize(words)}}}}],"stop_reason":"end_turn","stop_sequence":null,
        "usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":0},"output_tokens":5,"service_tier":"standard"}}
        """;

    public const string Start = $$$$"""
        {"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"{{{{Model}}}}","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":1}}}
        """;

    public static string Error(string message, string type) => $$$"""{"type":"error","error":{"type":"{{{type}}}","message":{{{JsonSerializer.Serialize(message)}}}}}""";

    /// <summary>A whole stream, as bytes of the wire.</summary>
    public static string Stream(params string[] words) => string.Concat(
        [
            Event("message_start", Start),
            Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
            Event("ping", """{"type": "ping"}"""),
            .. words.Select(Delta),
            Event("content_block_stop", """{"type":"content_block_stop","index":0}"""),
            Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}"""),
            Event("message_stop", """{"type":"message_stop"}"""),
        ]);

    public static string Delta(string words) =>
        Event("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":{{{JsonSerializer.Serialize(words)}}}}}""");

    public static string Event(string name, string data) => $"event: {name}\ndata: {data}\n\n";
}
