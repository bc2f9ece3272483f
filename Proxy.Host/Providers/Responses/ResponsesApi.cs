using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Requests;
using Proxy.Management.Errors;

namespace Proxy.Host.Providers.Responses;

/// <summary>OpenAI's Responses API: the same addresses, errors and credentials as its older one, and other bodies and events.</summary>
internal sealed class ResponsesApi : ClientApi
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string Name => "OpenAI's Responses API";

    public override bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest) => ResponsesAnswer.TryRead(body, digest);

    public override void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest) => OpenAiAnswer.ReadTail(tail, digest);

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new ResponsesStream(digest);

    public override ReadOnlyMemory<byte> ErrorBody(ProxyError error) => ErrorWriter.Envelope(error);

    /// <summary>Its number follows that of the last event.</summary>
    public override ReadOnlyMemory<byte> ErrorEvent(ProxyError error, AnswerDigest answer)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        buffer.Write("event: error\ndata: "u8);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "error"u8);
            json.WriteNumber("sequence_number"u8, answer.LastEvent + 1);
            json.WriteString("code"u8, error.Type);
            json.WriteString("message"u8, error.Message);
            json.WriteString("param"u8, error.Param);
            json.WriteEndObject();
        }

        buffer.Write("\n\n"u8);
        return buffer.WrittenMemory;
    }
}
