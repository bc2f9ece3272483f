using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Requests;
using Proxy.Management.Errors;

namespace Proxy.Host.Providers.Gemini;

/// <summary>Google's Gemini API, as its own clients speak it.</summary>
internal sealed class GeminiApi : ClientApi
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string Name => "the Gemini API";

    public override bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest) => GeminiAnswer.TryRead(body, digest);

    public override void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest) => GeminiAnswer.ReadTail(tail, digest);

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new GeminiStream(digest);

    public override ReadOnlyMemory<byte> ErrorBody(ProxyError error)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteStartObject("error"u8);
            json.WriteNumber("code"u8, error.Status);
            json.WriteString("message"u8, error.Message);
            json.WriteString("status"u8, StatusOf(error.Status));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    public override ReadOnlyMemory<byte> ErrorEvent(ProxyError error, AnswerDigest answer) => (byte[])[.. "data: "u8, .. ErrorBody(error).Span, .. "\n\n"u8];

    /// <summary>The words that clients of this API match on.</summary>
    private static string StatusOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "UNAUTHENTICATED",
        StatusCodes.Status403Forbidden => "PERMISSION_DENIED",
        StatusCodes.Status404NotFound => "NOT_FOUND",
        StatusCodes.Status429TooManyRequests => "RESOURCE_EXHAUSTED",
        StatusCodes.Status503ServiceUnavailable => "UNAVAILABLE",
        StatusCodes.Status504GatewayTimeout => "DEADLINE_EXCEEDED",
        >= 400 and < 500 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };
}
