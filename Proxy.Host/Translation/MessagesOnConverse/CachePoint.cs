using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>What is to be cached ends with a mark on a block at Anthropic's, and with a block of its own at Amazon's.</summary>
internal static class CachePoint
{
    public static void WriteIfAny(JsonElement block, Utf8JsonWriter json)
    {
        var mark = block.Get("cache_control"u8);
        if (!mark.IsObject) return;

        json.WriteStartObject();
        json.WriteStartObject("cachePoint"u8);
        json.WriteString("type"u8, "default"u8);
        json.WriteCopyIfAny("ttl"u8, mark.Get("ttl"u8));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
