using System.Security.Cryptography;
using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>Fields of a Messages request that both of OpenAI's APIs have the same words for.</summary>
internal static class MessagesFields
{
    /// <summary>OpenAI takes no longer name of a user.</summary>
    private const int MaxUser = 64;

    /// <summary>A name that is too long is told as its hash, which still tells users apart.</summary>
    public static void WriteUser(JsonElement user, Utf8JsonWriter json)
    {
        if (!user.HasText) return;

        if (user.Utf8.Length <= MaxUser) json.WriteCopy("user"u8, user);
        else json.WriteString("user"u8, Convert.ToHexStringLower(SHA256.HashData(user.Utf8)));
    }

    /// <summary>A tier that is no word asks for nothing that could be said, so it is named like all that cannot be carried over.</summary>
    public static void WriteTier(JsonElement tier, Utf8JsonWriter json, Losses losses)
    {
        if (tier.Is("standard_only"u8)) json.WriteString("service_tier"u8, "default"u8);
        else if (tier.IsText) json.WriteCopy("service_tier"u8, tier);
        else losses.Parameter("service_tier");
    }

    /// <summary>Old thinking stays with whoever thought it, so a wish to have it cleared asks for nothing.</summary>
    public static void CheckContext(JsonElement context, Losses losses)
    {
        foreach (var edit in context.Get("edits"u8).Entries)
        {
            if (edit.Get("type"u8).Text?.StartsWith("clear_thinking", StringComparison.Ordinal) == true) continue;

            losses.Parameter("context_management");
            return;
        }
    }

    /// <summary>Whether a tool is a function of the client's; of others, and of what cannot be said of it, the losses are told.</summary>
    public static bool IsFunction(JsonElement tool, string path, Losses losses)
    {
        var type = tool.Get("type"u8);
        if (!tool.IsObject || (!type.IsNothing && !type.Is("custom"u8)))
        {
            losses.Content(path, $"The provider's own tool '{type.Text}'");
            return false;
        }

        // Caching happens anyway, and so does the streaming of input as it comes.
        foreach (var property in tool.EnumerateObject())
        {
            if (property.Name is not ("type" or "name" or "description" or "input_schema" or "strict" or "cache_control" or "eager_input_streaming")
                && !property.Value.IsEmpty && property.Value.ValueKind != JsonValueKind.False)
                losses.Parameter($"{path}.{property.Name}");
        }

        return true;
    }
}
