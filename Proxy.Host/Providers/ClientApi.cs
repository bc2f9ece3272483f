using Proxy.Host.Answers;
using Proxy.Host.Providers.Anthropic;
using Proxy.Host.Providers.Audio;
using Proxy.Host.Providers.Bedrock;
using Proxy.Host.Providers.Gemini;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Providers.Responses;
using Proxy.Host.Providers.Threads;
using Proxy.Host.Requests;
using Proxy.Management.Errors;

namespace Proxy.Host.Providers;

/// <summary>An API that clients speak: how its answers are read, and how it says that something went wrong. Chosen once per exchange.</summary>
internal abstract class ClientApi
{
    public static readonly ClientApi OpenAi = new OpenAiApi();
    public static readonly ClientApi Anthropic = new AnthropicApi();
    public static readonly ClientApi Responses = new ResponsesApi();
    public static readonly ClientApi Gemini = new GeminiApi();
    public static readonly ClientApi Converse = new ConverseApi();
    public static readonly ClientApi Speech = new SpeechApi();
    public static readonly ClientApi Transcripts = new TranscriptApi();
    public static readonly ClientApi Threads = new ThreadsApi();

    /// <summary>Its name in a sentence.</summary>
    public abstract string Name { get; }

    /// <summary>The API that a provider speaks who serves this one: some are parts of another, with answers of their own.</summary>
    public virtual ClientApi Family => this;

    /// <summary>Reads a whole answer. False when it is none, or not wholly JSON.</summary>
    public abstract bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest);

    /// <summary>Reads the usage of an answer whose beginning was not kept.</summary>
    public abstract void ReadTail(ReadOnlySpan<byte> tail, AnswerDigest digest);

    /// <summary>Whether an answer whose beginning was not kept has come to its end.</summary>
    public virtual bool IsEnd(ReadOnlySpan<byte> tail) => tail.TrimEnd(" \r\n\t"u8).EndsWith("}"u8);

    /// <summary>How many bytes of text so much of a broken answer stands for.</summary>
    public virtual long TextIn(long bytes) => bytes;

    public abstract IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest);

    /// <summary>The error as a body.</summary>
    public abstract ReadOnlyMemory<byte> ErrorBody(ProxyError error);

    /// <summary>The error as the last event of a stream.</summary>
    /// <param name="error">What went wrong.</param>
    /// <param name="answer">What came before it.</param>
    public abstract ReadOnlyMemory<byte> ErrorEvent(ProxyError error, AnswerDigest answer);
}
