using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.Threads;

/// <summary>Threads of OpenAI's assistants: bodies like those of its other API, and events of runs.</summary>
internal sealed class ThreadsApi : OpenAiApi
{
    public override ClientApi Family => OpenAi;

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new ThreadsStream(digest);
}
