using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>Clients of OpenAI's Responses API at providers of its chat completions.</summary>
internal sealed class ResponsesOnChatTranslation() : ApiTranslation(ApiOperation.Response, ApiOperation.Chat)
{
    public override void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call) => ResponseRequest.Write(asked, json, call);

    public override void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest) =>
        ResponseAnswer.Write(answer, json, call, digest);

    public override EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest) => new ResponseStream(call, digest);
}
