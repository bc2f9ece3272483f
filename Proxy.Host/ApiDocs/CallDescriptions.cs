using Proxy.Host.Providers;
using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;

namespace Proxy.Host.ApiDocs;

/// <summary>The calls of models in the API's document: the fields that the gateway steers by. The others are the provider's.</summary>
internal static class CallDescriptions
{
    private static readonly string[] Prefixes = ["/v1", ""];

    private static readonly DetailField[] Steering =
    [
        new("model", DetailShape.Text),
        new("stream", DetailShape.Flag),
        new("user", DetailShape.Text),
        new("metadata", DetailShape.Object),
        new("max_tokens", DetailShape.Count),
        new("num_retries", DetailShape.Count),
        new("fallbacks", DetailShape.TextList),
        new("timeout", DetailShape.Dollars),
    ];

    public static IEnumerable<EndpointDescription> All => ApiOperation.All.SelectMany(operation =>
        (operation.Api == ClientApi.Gemini ? [""] : Prefixes).Select(prefix => Describe(operation, prefix + operation.Path)));

    private static EndpointDescription Describe(ApiOperation operation, string path)
    {
        if (operation == ApiOperation.Realtime)
        {
            return new EndpointDescription("GET", path, "Opens a spoken session (OpenAI's realtime API) as a websocket; the query names the model.")
            {
                AnswerExample = """{"type":"session.created","session":{"model":"gpt-realtime"}}""",
                Query = [new("model", DetailShape.Text)],
                IsOpen = true,
            };
        }

        var form = operation.IsForm ? " The body is a form (multipart/form-data)." : "";
        var input = System.Text.Encoding.UTF8.GetString(operation.InputField);
        return new EndpointDescription("POST", path, $"{operation.Path[1..]} of the API of {operation.Api.Name}, at whichever provider the model has.{form}")
        {
            Fields = [.. Steering.Where(field => operation.IsStreamable || field.Name is not ("stream" or "max_tokens")), new(input, DetailShape.Any)],
            Required = operation.Api == ClientApi.Gemini ? [input] : ["model", input],
            AnswerExample = AnswerOf(operation),
            IsOpen = true,
        };
    }

    private static string AnswerOf(ApiOperation operation) => operation switch
    {
        _ when operation == ApiOperation.Chat =>
            """{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}""",
        _ when operation == ApiOperation.Completion =>
            """{"id":"cmpl-1","object":"text_completion","model":"gpt-4o","choices":[{"index":0,"text":"Hello!","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}""",
        _ when operation == ApiOperation.Embedding =>
            """{"object":"list","model":"text-embedding-3-small","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":1,"total_tokens":1}}""",
        _ when operation == ApiOperation.Messages =>
            """{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"Hello!"}],"stop_reason":"end_turn","usage":{"input_tokens":8,"output_tokens":2}}""",
        _ when operation == ApiOperation.CountContent => """{"totalTokens":8}""",
        _ when operation.Api == ClientApi.Gemini =>
            """{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello!"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":2,"totalTokenCount":10}}""",
        _ when operation == ApiOperation.CountTokens => """{"input_tokens":8}""",
        _ when operation == ApiOperation.Response =>
            """{"id":"resp_1","object":"response","status":"completed","model":"gpt-4o","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello!"}]}],"usage":{"input_tokens":8,"output_tokens":2,"total_tokens":10}}""",
        _ when operation == ApiOperation.Moderation => """{"id":"modr-1","model":"omni-moderation-latest","results":[{"flagged":false}]}""",
        _ when operation == ApiOperation.Rerank => """{"id":"1","results":[{"index":0,"relevance_score":0.9}]}""",
        _ when operation == ApiOperation.Transcription || operation == ApiOperation.Translation =>
            """{"text":"Hello!","usage":{"type":"tokens","input_tokens":14,"output_tokens":3,"total_tokens":17}}""",
        _ when operation == ApiOperation.Speech => """{"type":"speech.audio.delta","audio":"SGVsbG8="}""",
        _ => """{"created":1767225600,"data":[{"url":"https://example.com/image.png"}]}""",
    };
}
