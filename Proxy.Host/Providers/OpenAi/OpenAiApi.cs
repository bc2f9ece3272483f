using Proxy.Host.Answers;
using Proxy.Host.Requests;
using Proxy.Management.Errors;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>OpenAI's API, as most clients speak it.</summary>
internal class OpenAiApi : ClientApi
{
    public override string Name => "OpenAI's API";

    public override bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest) => OpenAiAnswer.TryRead(body, digest);

    public override void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest) => OpenAiAnswer.ReadTail(tail, digest);

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new OpenAiStream(digest, request.WantsUsage);

    public override ReadOnlyMemory<byte> ErrorBody(ProxyError error) => ErrorWriter.Envelope(error);

    public override ReadOnlyMemory<byte> ErrorEvent(ProxyError error, AnswerDigest answer) => (byte[])[.. "data: "u8, .. ErrorWriter.Envelope(error).Span, .. "\n\n"u8];
}
