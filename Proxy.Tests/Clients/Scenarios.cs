using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients;

/// <summary>What clients do at providers, and what they must make of it. A model's name is its provider and its scenario.</summary>
internal static class Scenarios
{
    public const string Picture = "iVBORw0KGgo=";

    public static readonly string[] Providers = ["openai", "azure", "anthropic"];

    /// <summary>Each scenario with the result that its client must come to.</summary>
    public static readonly (string Name, string Result)[] All =
    [
        ("chat", "Hello ✓ | in 9 out 4"),
        ("stream", "One, two ✓ | in 9 out 2"),
        ("tools", """weather {"city":"Köln"}, now {} | 12 and rain"""),
        ("image", "a picture"),
        ("thinking", "hm | So."),
        ("refusal", "refused: I will not."),
        ("rate limit", "RateLimitError 429"),
        ("cut stream", "One, | cut"),
    ];

    /// <summary>Answers as the provider whose path is called; a request that lost something is refused.</summary>
    public static Task AnswerAsync(HttpContext context, ProviderCall call)
    {
        var isAnthropic = call.Path.EndsWith("/messages", StringComparison.Ordinal);
        var scenario = call.Json["model"]!.GetValue<string>();
        if (Lost(scenario, call.Body, isAnthropic) is { } lost) return FakeProvider.Json(context, OpenAiBodies.Error($"{lost} was lost: {call.Body}"), 400);
        if (scenario == "rate limit") return FakeProvider.Json(context, isAnthropic ? AnthropicBodies.Error("Slow down", "rate_limit_error") : OpenAiBodies.Error("Slow down", "requests"), 429);
        if (scenario is "stream" or "cut stream") return StreamAsync(context, isAnthropic, isCut: scenario == "cut stream");

        return FakeProvider.Json(context, isAnthropic ? Message(scenario, call.Json) : Completion(scenario, call.Json));
    }

    private static string? Lost(string scenario, string body, bool isAnthropic) => scenario switch
    {
        "image" when !body.Contains(Picture) || !body.Contains("image/png") => "The picture",
        "thinking" when !body.Contains(isAnthropic ? "\"budget_tokens\":2048" : "\"reasoning_effort\":\"low\"") => "The effort",
        "tools" when !body.Contains("\"weather\"") || !body.Contains("\"now\"") => "A tool",
        "tools" when HasResults(body, isAnthropic) && (!body.Contains("rain") || !body.Contains("\"12\"") || !body.Contains("\\\"city\\\"") && !body.Contains("\"city\"")) => "A result",
        _ => null,
    };

    private static bool HasResults(string body, bool isAnthropic) => body.Contains(isAnthropic ? "\"tool_result\"" : "\"role\":\"tool\"");

    private static string Completion(string scenario, JsonObject asked) => scenario switch
    {
        "tools" when !HasResults(asked.ToJsonString(), isAnthropic: false) => """
            {"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[
             {"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Köln\"}"}},{"id":"c2","type":"function","function":{"name":"now","arguments":"{}"}}]},"finish_reason":"tool_calls"}],
             "usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}
            """,
        "thinking" => OpenAiBodies.Chat("So.").Replace("\"refusal\": null", "\"refusal\": null, \"reasoning_content\": \"hm\""),
        "refusal" => OpenAiBodies.Chat("x").Replace("\"content\": \"x\", \"refusal\": null", "\"content\": null, \"refusal\": \"I will not.\""),
        _ => OpenAiBodies.Chat(Words(scenario)),
    };

    private static string Message(string scenario, JsonObject asked) => scenario switch
    {
        "tools" when !HasResults(asked.ToJsonString(), isAnthropic: true) =>
            MessageOf("""{"type":"tool_use","id":"c1","name":"weather","input":{"city":"Köln"}},{"type":"tool_use","id":"c2","name":"now","input":{}}""", "tool_use"),
        "thinking" => MessageOf("""{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"So."}""", "end_turn"),
        "refusal" => MessageOf("""{"type":"text","text":"I will not."}""", "refusal"),
        _ => MessageOf($$"""{"type":"text","text":"{{Words(scenario)}}"}""", "end_turn"),
    };

    private static string Words(string scenario) => scenario switch { "image" => "a picture", "tools" => "12 and rain", _ => "Hello ✓" };

    private static string MessageOf(string blocks, string stop) => $$"""
        {"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{{blocks}}],"stop_reason":"{{stop}}","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":4} }
        """;

    private static async Task StreamAsync(HttpContext context, bool isAnthropic, bool isCut)
    {
        context.Response.ContentType = "text/event-stream";
        string[] events = isAnthropic
            ? [.. AnthropicBodies.Stream("One,", " two ✓").Replace("\"cache_creation_input_tokens\":20,\"cache_read_input_tokens\":30,", "").Replace("\"input_tokens\":10", "\"input_tokens\":9")
                .Replace("\"output_tokens\":5", "\"output_tokens\":2").Split("\n\n", StringSplitOptions.RemoveEmptyEntries)]
            : [.. OpenAiBodies.Stream("One,", " two ✓").Select(data => "data: " + data.Trim())];
        var isSaid = false;
        foreach (var sseEvent in events)
        {
            await context.Response.WriteAsync(sseEvent + "\n\n");
            await context.Response.Body.FlushAsync();
            isSaid |= sseEvent.Contains("One,");

            // A cut that looks like an end is the worst kind.
            if (isSaid && isCut) return;
        }
    }
}
