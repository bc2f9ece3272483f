using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.MessagesOnResponses;

/// <summary>Clients of Anthropic's Messages API at providers of OpenAI's Responses API.</summary>
internal sealed class MessagesOnResponsesTranslation() : ApiTranslation(ApiOperation.Messages, ApiOperation.Response)
{
    public override void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call) => MessagesRequest.Write(asked, json, call);

    public override void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest) => ResponseAnswer.Write(answer, json, call, digest);

    public override EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest) => new ResponseStream(call, digest);
}
