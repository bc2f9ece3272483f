using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Translation.ChatOnMessages;
using Proxy.Host.Translation.ChatOnResponses;
using Proxy.Host.Translation.MessagesOnChat;
using Proxy.Host.Translation.MessagesOnConverse;
using Proxy.Host.Translation.MessagesOnResponses;
using Proxy.Host.Translation.ResponsesOnChat;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation;

/// <summary>
/// How a call of one API is carried over to a provider that speaks another, and its answer back. It only writes: what is billed and logged is
/// read from the provider's own bytes by the provider's own API.
/// </summary>
internal abstract class ApiTranslation(ApiOperation asked, ApiOperation sent)
{
    private static readonly ApiTranslation[] All =
    [
        new ChatOnMessagesTranslation(), new MessagesOnChatTranslation(), new ResponsesOnChatTranslation(),
        new ChatOnResponsesTranslation(), new MessagesOnResponsesTranslation(),
        new ChainedTranslation(new ResponsesOnChatTranslation(), new ChatOnMessagesTranslation()),
        new MessagesOnConverseTranslation(), new ChainedTranslation(new ChatOnMessagesTranslation(), new MessagesOnConverseTranslation()),
        new ChainedTranslation(new ResponsesOnChatTranslation(), new ChainedTranslation(new ChatOnMessagesTranslation(), new MessagesOnConverseTranslation())),
    ];

    /// <summary>What the client asks for.</summary>
    public ApiOperation Asked => asked;

    /// <summary>What the provider is asked for.</summary>
    public ApiOperation Sent => sent;

    /// <returns>Null when there is none, or when the provider speaks the client's API itself.</returns>
    public static ApiTranslation? Find(ApiOperation operation, ClientApi spoken)
    {
        if (operation.Api == spoken) return null;

        foreach (var translation in All)
        {
            if (translation.Asked == operation && translation.Sent.Api == spoken) return translation;
        }

        return null;
    }

    /// <summary>Writes the provider's request. What cannot be said in it goes to the call's losses.</summary>
    public abstract void WriteRequest(JsonElement asked, Utf8JsonWriter json, TranslatedCall call);

    /// <summary>Writes the client's answer. Throws <see cref="JsonException"/> or <see cref="InvalidOperationException"/> when the provider's is none.</summary>
    public abstract void WriteAnswer(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest);

    public abstract EventTranslator TranslateEvents(TranslatedCall call, AnswerDigest digest);
}
