using System.Text.Json;

namespace Proxy.Tests.Providers;

/// <summary>Answers in the shape in which OpenAI's Responses API gives them.</summary>
internal static class ResponseBodies
{
    public static string Response(string words, string status = "completed", string instructions = "") => $$$"""
        {"id":"resp_1","object":"response","created_at":1741476542,"status":"{{{status}}}","error":null,"incomplete_details":null,"instructions":{{{JsonSerializer.Serialize(instructions)}}},"model":"gpt-4.1-2025-04-14",
        "output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":{{{JsonSerializer.Serialize(words)}}},"annotations":[]}]}],"parallel_tool_calls":true,
        "usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":6},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":7},"total_tokens":123},"user":null,"metadata":{}}
        """.ReplaceLineEndings("");

    /// <summary>A whole stream, as bytes of the wire; events are numbered from 0.</summary>
    public static string Stream(string last = "response.completed", string instructions = "", params string[] words)
    {
        var number = 0;
        return string.Concat(
        [
            Event("response.created", $$"""{"type":"response.created","sequence_number":{{number++}},"response":{"id":"resp_1","status":"in_progress","error":null,"model":"gpt-4.1-2025-04-14","output":[],"usage":null} }"""),
            .. words.Select(word => Event("response.output_text.delta", $$"""{"type":"response.output_text.delta","sequence_number":{{number++}},"item_id":"msg_1","output_index":0,"content_index":0,"delta":{{JsonSerializer.Serialize(word)}}}""")),
            Event(last, $$"""{"type":"{{last}}","sequence_number":{{number}},"response":{{Response(string.Concat(words), instructions: instructions)}}}"""),
        ]);
    }

    public static string Event(string name, string data) => $"event: {name}\ndata: {data}\n\n";
}
