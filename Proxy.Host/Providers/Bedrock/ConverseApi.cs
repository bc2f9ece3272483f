using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Requests;
using Proxy.Management.Errors;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>The Converse API of Amazon Bedrock. Clients of other APIs are translated to it; none speaks it here.</summary>
internal sealed class ConverseApi : ClientApi
{
    public override string Name => "Bedrock's Converse API";

    public override bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest) => ConverseAnswer.TryRead(body, digest);

    public override void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest)
    {
        // An answer that is translated is kept whole.
    }

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new ConverseStream(digest);

    public override ReadOnlyMemory<byte> ErrorBody(ProxyError error)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("message"u8, error.Message);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    public override ReadOnlyMemory<byte> ErrorEvent(ProxyError error, AnswerDigest answer) =>
        (byte[])[.. "data: {\"internalServerException\":"u8, .. ErrorBody(error).Span, .. "}\n\n"u8];
}
