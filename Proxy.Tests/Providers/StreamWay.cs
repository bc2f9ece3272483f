using System.Text.Json;

namespace Proxy.Tests.Providers;

/// <summary>One way of a stream through the gateway: which API its client speaks, and which its provider.</summary>
/// <param name="Path">Where the client asks.</param>
/// <param name="Asked">What it asks.</param>
/// <param name="Provider">The API of the provider.</param>
/// <param name="Error">How the one event that says that the stream broke begins.</param>
/// <param name="End">What stands in a stream that came to its end, and in no other.</param>
internal sealed record StreamWay(string Path, string Asked, ProviderStream Provider, string Error, string End)
{
    private const string Turns = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
    private const string ChatError = "data: {\"error\":";
    private const string NamedError = "event: error\ndata: {\"type\":\"error\",";
    private const string Done = "data: [DONE]";
    private const string Stop = "event: message_stop";
    private const string Completed = "event: response.completed";

    public static readonly IReadOnlyList<StreamWay> All =
    [
        new("/v1/chat/completions", $$"""{"model":"gpt","stream":true,{{Turns}}}""", ProviderStream.Chat, ChatError, Done),
        new("/v1/completions", """{"model":"gpt","stream":true,"prompt":"Hi"}""", ProviderStream.Text, ChatError, Done),
        new("/v1/responses", """{"model":"gpt","stream":true,"input":"Hi"}""", ProviderStream.Responses, NamedError, Completed),
        new("/v1/messages", $$"""{"model":"claude","stream":true,"max_tokens":9,{{Turns}}}""", ProviderStream.Messages, NamedError, Stop),
        new("/v1beta/models/flash:streamGenerateContent?alt=sse", """{"contents":[{"parts":[{"text":"Hi"}]}]}""", ProviderStream.Gemini, ChatError, "\"finishReason\":\"STOP\""),
        new("/v1/chat/completions", $$"""{"model":"claude","stream":true,{{Turns}}}""", ProviderStream.Messages, ChatError, Done),
        new("/v1/messages", $$"""{"model":"chat","stream":true,"max_tokens":9,{{Turns}}}""", ProviderStream.Chat, NamedError, Stop),
        new("/v1/responses", """{"model":"chat","stream":true,"input":"Hi"}""", ProviderStream.Chat, NamedError, Completed),
        new("/v1/responses", """{"model":"claude","stream":true,"input":"Hi"}""", ProviderStream.Messages, NamedError, Completed),
    ];

    public override string ToString() => $"{Path} at {Provider.Name}";

    /// <summary>The provider whose API a call is in that reached it.</summary>
    public static ProviderStream Of(string body) =>
        body.Contains("\"contents\":") ? ProviderStream.Gemini
        : body.Contains("\"input\":") ? ProviderStream.Responses
        : body.Contains("\"prompt\":") ? ProviderStream.Text
        : body.Contains("\"claude\"") ? ProviderStream.Messages
        : ProviderStream.Chat;
}

/// <summary>What a provider of an API streams, as texts of the wire.</summary>
/// <param name="Begin">What comes before the words.</param>
/// <param name="Word">An event with words.</param>
/// <param name="Last">What comes after the words, up to the end mark.</param>
/// <param name="Failed">An event that says that it failed.</param>
internal sealed record ProviderStream(string Name, string Begin, Func<string, string> Word, string Last, Func<string, string> Failed)
{
    public static readonly ProviderStream Chat = new(
        "chat",
        Data(OpenAiBodies.Chunk("""{"role":"assistant","content":""}""", finish: null)),
        word => Data(OpenAiBodies.Chunk(word)),
        Data(OpenAiBodies.Chunk("{}", "stop")) + Data(OpenAiBodies.UsageChunk()) + Data(OpenAiBodies.Done),
        words => Data(OpenAiBodies.Error(words)));

    public static readonly ProviderStream Text = new(
        "text",
        "",
        word => Data($$$"""{"id":"cmpl-1","object":"text_completion","model":"gpt","choices":[{"text":{{{JsonSerializer.Serialize(word)}}},"index":0,"logprobs":null,"finish_reason":null}]}"""),
        Data("""{"id":"cmpl-1","object":"text_completion","model":"gpt","choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}""") + Data(OpenAiBodies.Done),
        words => Data(OpenAiBodies.Error(words)));

    public static readonly ProviderStream Messages = new(
        "messages",
        AnthropicBodies.Event("message_start", AnthropicBodies.Start)
            + AnthropicBodies.Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
        AnthropicBodies.Delta,
        AnthropicBodies.Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
            + AnthropicBodies.Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}""")
            + AnthropicBodies.Event("message_stop", """{"type":"message_stop"}"""),
        words => AnthropicBodies.Event("error", AnthropicBodies.Error(words, "overloaded_error")));

    public static readonly ProviderStream Responses = new(
        "responses",
        ResponseBodies.Event("response.created", """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","error":null,"output":[],"usage":null}}"""),
        word => ResponseBodies.Event("response.output_text.delta", $$"""{"type":"response.output_text.delta","sequence_number":1,"item_id":"msg_1","output_index":0,"content_index":0,"delta":{{JsonSerializer.Serialize(word)}}}"""),
        ResponseBodies.Event("response.completed", $$"""{"type":"response.completed","sequence_number":2,"response":{{ResponseBodies.Response("")}}}"""),
        words => ResponseBodies.Event("error", $$"""{"type":"error","sequence_number":2,"code":"server_error","message":{{JsonSerializer.Serialize(words)}},"param":null}"""));

    public static readonly ProviderStream Gemini = new(
        "gemini",
        "",
        word => Data($$$"""{"candidates":[{"content":{"role":"model","parts":[{"text":{{{JsonSerializer.Serialize(word)}}}}]},"index":0}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}}"""),
        Data("""{"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"totalTokenCount":11}}"""),
        words => Data($$$"""{"error":{"code":503,"message":{{{JsonSerializer.Serialize(words)}}},"status":"UNAVAILABLE"}}"""));

    public string Whole(params string[] words) => Begin + string.Concat(words.Select(Word)) + Last;

    private static string Data(string json) => $"data: {json}\n\n";
}
