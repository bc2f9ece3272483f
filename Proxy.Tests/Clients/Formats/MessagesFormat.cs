using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients.Formats;

/// <summary>Anthropic's Messages API.</summary>
internal sealed class MessagesFormat : ProviderFormat
{
    public override string Effort => "\"budget_tokens\":2048";

    public override string ResultMark => "\"tool_result\"";

    public override string Calls => Message("""{"type":"tool_use","id":"c1","name":"weather","input":{"city":"Köln"}},{"type":"tool_use","id":"c2","name":"now","input":{}}""", "tool_use");

    public override string Thought => Message("""{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"So."}""", "end_turn");

    public override string Refusal => Message("""{"type":"text","text":"I will not."}""", "refusal");

    public override string Error(string sentence, string type) => AnthropicBodies.Error(sentence, type == "requests" ? "rate_limit_error" : type);

    public override string Words(string words) => Message($$"""{"type":"text","text":"{{words}}"}""", "end_turn");

    public override IEnumerable<byte[]> Stream() => EventsOf(AnthropicBodies.Stream("One,", " two ✓").Replace("\"cache_creation_input_tokens\":20,\"cache_read_input_tokens\":30,", "")
        .Replace("\"input_tokens\":10", "\"input_tokens\":9").Replace("\"output_tokens\":5", "\"output_tokens\":2"));

    private static string Message(string blocks, string stop) => $$"""
        {"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{{blocks}}],"stop_reason":"{{stop}}","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":4} }
        """;
}
