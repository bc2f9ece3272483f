using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>Clients of OpenAI's chat completions at providers of Anthropic's Messages API.</summary>
internal sealed class ChatOnMessagesTranslation() : ApiTranslation(ApiOperation.Chat, ApiOperation.Messages)
{
    public override void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call) => ChatRequest.Write(asked, json, call);

    public override void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest) =>
        MessageAnswer.Write(answer, json, call, digest);

    public override EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest) => new MessageStream(call, digest);
}
