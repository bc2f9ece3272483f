using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>A response of an agent as it is streamed: a thought in two parts, a sealed one, words, two calls.</summary>
internal static class ResponseStreams
{
    public static string Agent { get; } = string.Concat(
        Event("response.created", "\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\",\"error\":null,\"model\":\"gpt-5\",\"output\":[],\"usage\":null}"),
        Event("response.in_progress", "\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\",\"error\":null,\"model\":\"gpt-5\",\"output\":[],\"usage\":null}"),
        Event("response.output_item.added", """ "output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}"""),
        Event("response.reasoning_summary_part.added", """ "item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}"""),
        Event("response.reasoning_summary_text.delta", """ "item_id":"rs_1","output_index":0,"summary_index":0,"delta":"h\u00e4" """),
        Event("response.reasoning_summary_text.done", """ "item_id":"rs_1","output_index":0,"summary_index":0,"text":"h\u00e4" """),
        Event("response.reasoning_summary_part.added", """ "item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}"""),
        Event("response.reasoning_summary_text.delta", """ "item_id":"rs_1","output_index":0,"summary_index":1,"delta":"m" """),
        Event("response.output_item.done", """ "output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"h\u00e4"},{"type":"summary_text","text":"m"}],"encrypted_content":"gAAA\/1"}"""),
        ": ping\n\n",
        Event("response.output_item.added", """ "output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}"""),
        Event("response.content_part.added", """ "item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}"""),
        Event("response.output_text.delta", """ "item_id":"msg_1","output_index":1,"content_index":0,"delta":"One \"two\" " """),
        Event("response.output_text.delta", """ "item_id":"msg_1","output_index":1,"content_index":0,"delta":"✓" """),
        Event("response.output_text.done", """ "item_id":"msg_1","output_index":1,"content_index":0,"text":"One \"two\" ✓" """),
        Event("response.output_item.done", """ "output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"One \"two\" ✓","annotations":[]}]}"""),
        Event("response.output_item.added", """ "output_index":2,"item":{"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":""}"""),
        Event("response.function_call_arguments.delta", """ "item_id":"fc_1","output_index":2,"delta":"{\"a\": " """),
        Event("response.function_call_arguments.delta", """ "item_id":"fc_1","output_index":2,"delta":"1}" """),
        Event("response.function_call_arguments.done", """ "item_id":"fc_1","output_index":2,"arguments":"{\"a\": 1}" """),
        Event("response.output_item.done", """ "output_index":2,"item":{"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\": 1}"}"""),
        Event("response.output_item.added", """ "output_index":3,"item":{"id":"rs_2","type":"reasoning","summary":[]}"""),
        Event("response.output_item.done", """ "output_index":3,"item":{"id":"rs_2","type":"reasoning","summary":[],"encrypted_content":"gBBB"}"""),
        Event("response.output_item.added", """ "output_index":4,"item":{"id":"fc_2","type":"function_call","call_id":"c2","name":"g","arguments":""}"""),
        Event("response.output_item.done", """ "output_index":4,"item":{"id":"fc_2","type":"function_call","call_id":"c2","name":"g","arguments":"{}"}"""),
        Last());

    /// <summary>A stream of words that ends so.</summary>
    public static string Ending(string reason) =>
        ResponseBodies.Stream("response.incomplete", "", "x").Replace("\"incomplete_details\":null", $$"""
            "incomplete_details":{"reason":"{{reason}}"}
            """.Trim());

    public static string Event(string type, string fields) => ResponseBodies.Event(type, $$"""{"type":"{{type}}","sequence_number":1,{{fields.Trim()}}}""");

    private static string Last() => Event("response.completed", """
         "response":{"id":"resp_1","status":"completed","error":null,"incomplete_details":null,"model":"gpt-5","output":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}],"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":6},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":7},"total_tokens":123}}
        """);
}
