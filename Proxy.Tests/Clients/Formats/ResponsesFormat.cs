using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients.Formats;

/// <summary>OpenAI's Responses API.</summary>
internal sealed class ResponsesFormat : ProviderFormat
{
    public override string Effort => "\"effort\":\"low\"";

    public override string ResultMark => "\"function_call_output\"";

    public override string Calls => Response(
        """{"type":"function_call","id":"fc_1","call_id":"c1","name":"weather","arguments":"{\"city\":\"Köln\"}"},{"type":"function_call","id":"fc_2","call_id":"c2","name":"now","arguments":"{}"}""", 4);

    public override string Thought => Response("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"g"},{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"So.","annotations":[]}]}""", 4);

    public override string Refusal => Response("""{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"refusal","refusal":"I will not."}]}""", 4);

    public override string Error(string sentence, string type) => OpenAiBodies.Error(sentence, type);

    public override string Words(string words) => Response(Message(words), 4);

    public override IEnumerable<byte[]> Stream() => EventsOf(
        ResponseBodies.Event("response.created", """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","error":null,"model":"m","output":[],"usage":null} }""")
        + Piece(1, "One,") + Piece(2, " two ✓")
        + ResponseBodies.Event("response.completed", $$"""{"type":"response.completed","sequence_number":3,"response":{{Response(Message("One, two ✓"), 2)}} }"""));

    private static string Piece(int number, string words) => ResponseBodies.Event(
        "response.output_text.delta", $$"""{"type":"response.output_text.delta","sequence_number":{{number}},"item_id":"msg_1","output_index":0,"content_index":0,"delta":"{{words}}"}""");

    private static string Message(string words) => $$"""{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"{{words}}","annotations":[]}]}""";

    private static string Response(string items, int output) => $$$"""
        {"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"m","output":[{{{items}}}],"usage":{"input_tokens":9,"output_tokens":{{{output}}},"total_tokens":{{{9 + output}}}}}
        """.Trim();
}
