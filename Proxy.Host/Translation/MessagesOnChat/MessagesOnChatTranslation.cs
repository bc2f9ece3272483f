using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>Clients of Anthropic's Messages API at providers of OpenAI's chat completions.</summary>
internal sealed class MessagesOnChatTranslation() : ApiTranslation(ApiOperation.Messages, ApiOperation.Chat)
{
    public override void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call) => MessagesRequest.Write(asked, json, call);

    public override void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest) =>
        ChatAnswer.Write(answer, json, digest);

    public override EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest) => new ChatStream(call, digest);
}
