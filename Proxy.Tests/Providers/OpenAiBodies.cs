using System.Text.Json;

namespace Proxy.Tests.Providers;

/// <summary>Answers in the shape in which OpenAI's API gives them.</summary>
internal static class OpenAiBodies
{
    public const string Model = "gpt-4o-mini-2024-07-18";
    public const string Done = "[DONE]";

    public static string Chat(string words, int prompt = 9, int completion = 4, int cached = 0) => $$$"""
        {
          "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
          "object": "chat.completion",
          "created": 1741569952,
          "model": "{{{Model}}}",
          "choices": [
            {
              "index": 0,
              "message": { "role": "assistant", "content": {{{JsonSerializer.Serialize(words)}}}, "refusal": null, "annotations": [] },
              "logprobs": null,
              "finish_reason": "stop"
            }
          ],
          "usage": {
            "prompt_tokens": {{{prompt}}},
            "completion_tokens": {{{completion}}},
            "total_tokens": {{{prompt + completion}}},
            "prompt_tokens_details": { "cached_tokens": {{{cached}}}, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0 }
          },
          "service_tier": "default",
          "system_fingerprint": "fp_fc9f1d7035"
        }
        """;

    public static string ToolCall(string name, string arguments) => $$$"""
        {"id":"chatcmpl-abc123","object":"chat.completion","created":1741570283,"model":"{{{Model}}}","choices":[{"index":0,"message":{"role":"assistant","content":null,
        "tool_calls":[{"id":"call_abc123","type":"function","function":{"name":"{{{name}}}","arguments":{{{JsonSerializer.Serialize(arguments)}}}}}]},"logprobs":null,"finish_reason":"tool_calls"}],
        "usage":{"prompt_tokens":82,"completion_tokens":17,"total_tokens":99}}
        """;

    public static string Embedding(params float[] values) => $$$"""
        {"object":"list","data":[{"object":"embedding","index":0,"embedding":"{{{Base64(values)}}}"}],"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}
        """;

    public static string Text(string words) => $$$"""
        {"id":"cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7","object":"text_completion","created":1589478378,"model":"gpt-3.5-turbo-instruct","choices":[{"text":{{{JsonSerializer.Serialize(words)}}},"index":0,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}
        """;

    public static string Chunk(string words) => Chunk($$"""{"content":{{JsonSerializer.Serialize(words)}}}""", finish: null);

    public static string Chunk(string delta, string? finish) => $$$"""
        {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"{{{Model}}}","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{{{(finish is null ? "null" : $"\"{finish}\"")}}}}],"usage":null}
        """;

    public static string UsageChunk(int prompt = 9, int completion = 2) => $$$"""
        {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"{{{Model}}}","choices":[],"usage":{"prompt_tokens":{{{prompt}}},"completion_tokens":{{{completion}}},"total_tokens":{{{prompt + completion}}}}}
        """;

    /// <summary>A whole stream with usage at its end.</summary>
    public static IReadOnlyList<string> Stream(params string[] words) =>
        [Chunk("""{"role":"assistant","content":""}""", finish: null), .. words.Select(Chunk), Chunk("{}", "stop"), UsageChunk(), Done];

    public static string Error(string message, string type = "invalid_request_error") =>
        $$$"""{"error":{"message":{{{JsonSerializer.Serialize(message)}}},"type":"{{{type}}}","param":null,"code":null}}""";

    private static string Base64(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return Convert.ToBase64String(bytes);
    }
}
