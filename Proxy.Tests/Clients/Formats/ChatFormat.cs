using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients.Formats;

/// <summary>OpenAI's chat completions.</summary>
internal sealed class ChatFormat : ProviderFormat
{
    public override string Effort => "\"reasoning_effort\":\"low\"";

    public override string ResultMark => "\"role\":\"tool\"";

    public override string Calls => """
        {"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[
         {"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Köln\"}"}},{"id":"c2","type":"function","function":{"name":"now","arguments":"{}"}}]},"finish_reason":"tool_calls"}],
         "usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}
        """;

    public override string Thought => OpenAiBodies.Chat("So.").Replace("\"refusal\": null", "\"refusal\": null, \"reasoning_content\": \"hm\"");

    public override string Refusal => OpenAiBodies.Chat("x").Replace("\"content\": \"x\", \"refusal\": null", "\"content\": null, \"refusal\": \"I will not.\"");

    public override string Error(string sentence, string type) => OpenAiBodies.Error(sentence, type);

    public override string Words(string words) => OpenAiBodies.Chat(words);

    public override IEnumerable<byte[]> Stream() => EventsOf(string.Concat(OpenAiBodies.Stream("One,", " two ✓").Select(data => $"data: {data.Trim()}\n\n")));
}
