using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.ChatOnResponses;

/// <summary>Clients of OpenAI's chat completions at providers of its Responses API.</summary>
internal sealed class ChatOnResponsesTranslation() : ApiTranslation(ApiOperation.Chat, ApiOperation.Response)
{
    public override void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call) => ChatRequest.Write(asked, json, call);

    public override void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest) =>
        ResponseAnswer.Write(answer, json, call, digest);

    public override EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest) => new ResponseStream(call, digest);
}
