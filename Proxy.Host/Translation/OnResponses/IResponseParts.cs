using System.Text.Json;

namespace Proxy.Host.Translation.OnResponses;

/// <summary>What a streamed response is made of, in its order; <see cref="ResponseEvents"/> reads it.</summary>
internal interface IResponseParts
{
    /// <summary>It has begun; said of each event that holds the response.</summary>
    void Begin(JsonElement response);

    void AddText(JsonElement text);

    void AddRefusal(JsonElement text);

    void AddThought(JsonElement text);

    /// <summary>A thought is over.</summary>
    /// <param name="encrypted">What only its provider can read; undefined for none.</param>
    /// <param name="wasTold">Whether any of it was added.</param>
    void EndThought(JsonElement encrypted, bool wasTold);

    /// <param name="index">The place of the call among the items.</param>
    /// <param name="item">Its id and its name; what it is called with follows.</param>
    void BeginCall(int index, JsonElement item);

    void AddArguments(int index, JsonElement text);
}
