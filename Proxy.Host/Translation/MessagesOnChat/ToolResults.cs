using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>Results of tools as messages of the role <c>tool</c>, which hold text alone: pictures and documents follow in the user's own message.</summary>
internal static class ToolResults
{
    /// <summary>OpenAI has no mark for a tool that failed, so the words say it.</summary>
    private static ReadOnlySpan<byte> Failed => "Error: "u8;

    /// <returns>How many pictures and documents it has.</returns>
    public static int Write(JsonElement block, string path, Utf8JsonWriter json, Losses losses)
    {
        var content = block.Get("content"u8);
        var isError = block.Get("is_error"u8).IsTrue;
        json.WriteStartObject();
        json.WriteString("role"u8, "tool"u8);
        json.WriteCopyIfAny("tool_call_id"u8, block.Get("tool_use_id"u8));
        json.WritePropertyName("content"u8);
        if (content.IsText && !isError) json.WriteCopy(content);
        else if (content.IsText) json.WriteStringValue((byte[])[.. Failed, .. content.Utf8]);
        else WriteTexts(content, isError, json);
        json.WriteEndObject();
        losses.Rest(block, path, "type", "tool_use_id", "content", "is_error", "cache_control");
        return content.Entries.Count(IsMedia);
    }

    /// <summary>Pictures and documents, with the call that they belong to.</summary>
    public static void WriteMedia(JsonElement block, string path, Utf8JsonWriter json, Losses losses)
    {
        var content = block.Get("content"u8);
        if (!content.Entries.Any(IsMedia)) return;

        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, $"Result of the tool call {block.Get("tool_use_id"u8).Text}:");
        json.WriteEndObject();
        foreach (var part in content.EnumerateArray().Where(IsMedia)) MessagesContent.WritePart(part, path, json, losses);
    }

    private static bool IsMedia(JsonElement part) => !part.Get("type"u8).Is("text"u8);

    private static void WriteTexts(JsonElement content, bool isError, Utf8JsonWriter json)
    {
        json.WriteStartArray();
        if (isError) WriteText(Failed, json);
        foreach (var part in content.Entries)
        {
            if (part.Get("text"u8) is { IsText: true } text) WriteText(text.Utf8, json);
        }

        // A tool may say nothing, but its message must.
        if (content.Entries.All(IsMedia) && !isError) WriteText(content.IsEmpty ? default : "The result follows."u8, json);
        json.WriteEndArray();
    }

    private static void WriteText(ReadOnlySpan<byte> text, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }
}
