using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.Audio;

/// <summary>Text to speech in OpenAI's API: a request like its others, and an answer that is sound, or events with pieces of it.</summary>
internal sealed class SpeechApi : OpenAiApi
{
    /// <summary>Some 16,000 bytes and 20 tokens make a second, which an estimate counts at four bytes a token.</summary>
    private const int SoundPerTextByte = 200;

    public override ClientApi Family => OpenAi;

    /// <summary>Any bytes are sound, but for an error.</summary>
    public override bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest)
    {
        if (body.Span.StartsWith("{"u8)) OpenAiAnswer.TryRead(body, digest);
        digest.OutputBytes = TextIn(body.Length);
        return !body.IsEmpty;
    }

    public override void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest)
    {
    }

    public override bool IsEnd(ReadOnlySpan<byte> tail) => true;

    public override long TextIn(long bytes) => bytes / SoundPerTextByte;

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new AudioStream(digest, SoundPerTextByte);
}
