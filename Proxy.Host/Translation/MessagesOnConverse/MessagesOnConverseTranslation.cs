using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>Clients of Anthropic's Messages API at Amazon Bedrock, by its Converse API. Clients of other APIs come here by way of messages.</summary>
internal sealed class MessagesOnConverseTranslation() : ApiTranslation(ApiOperation.Messages, ApiOperation.Converse)
{
    public override void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call) => MessagesRequest.Write(asked, json, call.Losses);

    public override void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest) => ConverseAnswer.Write(answer, json, call, digest);

    public override EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest) => new ConverseStream(call, digest);
}
