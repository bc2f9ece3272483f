using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Requests;
using Proxy.Management.Errors;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>Anthropic's Messages API.</summary>
internal sealed class AnthropicApi : ClientApi
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string Name => "the Messages API";

    public override bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest) => AnthropicAnswer.TryRead(body, digest);

    public override void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest) => AnthropicAnswer.ReadTail(tail, digest);

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new AnthropicStream(digest);

    public override ReadOnlyMemory<byte> ErrorBody(ProxyError error)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "error"u8);
            json.WriteStartObject("error"u8);
            json.WriteString("type"u8, TypeOf(error.Status));
            json.WriteString("message"u8, error.Message);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    public override ReadOnlyMemory<byte> ErrorEvent(ProxyError error, AnswerDigest answer) =>
        (byte[])[.. "event: error\ndata: "u8, .. ErrorBody(error).Span, .. "\n\n"u8];

    /// <summary>The words that clients of this API match on.</summary>
    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        529 => "overloaded_error",
        StatusCodes.Status504GatewayTimeout => "timeout_error",
        >= 400 and < 500 => "invalid_request_error",
        _ => "api_error",
    };
}
