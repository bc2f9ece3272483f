using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients.Formats;

/// <summary>Amazon Bedrock's Converse API, whose path names the model and whose streams come in frames.</summary>
internal sealed class ConverseFormat : ProviderFormat
{
    public override string StreamType => BedrockBodies.FrameType;

    public override string Effort => "\"budget_tokens\":2048";

    public override string ResultMark => "\"toolResult\"";

    public override string Calls => Answer("""{"toolUse":{"toolUseId":"c1","name":"weather","input":{"city":"Köln"}}},{"toolUse":{"toolUseId":"c2","name":"now","input":{}}}""", "tool_use");

    public override string Thought => Answer("""{"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},{"text":"So."}""", "end_turn");

    public override string Refusal => Answer("""{"text":"I will not."}""", "content_filtered");

    public override string ScenarioOf(ProviderCall call) => Uri.UnescapeDataString(call.Path.Split('/')[^2]);

    public override string Error(string sentence, string type) => $$"""{"message":"{{sentence}}"}""";

    public override string Words(string words) => Answer($$"""{"text":"{{words}}"}""", "end_turn");

    public override IEnumerable<byte[]> Stream() =>
    [
        BedrockBodies.Event("messageStart", """{"role":"assistant"}"""),
        BedrockBodies.Delta(0, """{"text":"One,"}"""),
        BedrockBodies.Delta(0, """{"text":" two ✓"}"""),
        BedrockBodies.Event("contentBlockStop", """{"contentBlockIndex":0}"""),
        BedrockBodies.Event("messageStop", """{"stopReason":"end_turn"}"""),
        BedrockBodies.Event("metadata", """{"usage":{"inputTokens":9,"outputTokens":2,"totalTokens":11}}"""),
    ];

    private static string Answer(string content, string stop) => $$$"""
        {"output":{"message":{"content":[{{{content}}}],"role":"assistant"}},"stopReason":"{{{stop}}}","usage":{"inputTokens":9,"outputTokens":4,"totalTokens":13}}
        """;
}
