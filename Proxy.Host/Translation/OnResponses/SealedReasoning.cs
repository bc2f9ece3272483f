using System.Text.Json;

namespace Proxy.Host.Translation.OnResponses;

/// <summary>
/// Reasoning that only its provider can read, as the signature of thinking. It carries a mark, so that no provider gets another one's signature.
/// </summary>
internal static class SealedReasoning
{
    private static ReadOnlySpan<byte> Mark => "openai-encrypted."u8;

    /// <summary>What was thought, as far as the provider tells it: its summary, or the open words of models that have no secrets.</summary>
    public static JsonElement Told(JsonElement item) => item.Get("summary"u8) is { IsEmpty: false } summary ? summary : item.Get("content"u8);

    /// <summary>What several items tell, as one text.</summary>
    public static JoinedText Words(params ReadOnlySpan<JsonElement> items)
    {
        var words = new JoinedText();
        foreach (var item in items)
        {
            foreach (var part in Told(item).Entries)
            {
                words.Break();
                words.Append(part.Get("text"u8));
            }
        }

        return words;
    }

    public static void WriteSignature(ReadOnlySpan<byte> name, JsonElement encrypted, Utf8JsonWriter json) => json.WriteString(name, (byte[])[.. Mark, .. encrypted.Utf8]);

    /// <summary>A reasoning item as a block of thinking; nothing where it says nothing.</summary>
    public static void WriteBlock(JsonElement item, Utf8JsonWriter json)
    {
        using var words = Words(item);
        var encrypted = item.Get("encrypted_content"u8);
        if (words.IsEmpty && !encrypted.HasText) return;

        json.WriteStartObject();
        json.WriteString("type"u8, words.IsEmpty ? "redacted_thinking"u8 : "thinking"u8);
        if (!words.IsEmpty) words.Write("thinking"u8, json);
        if (encrypted.HasText) WriteSignature(words.IsEmpty ? "data"u8 : "signature"u8, encrypted, json);
        else json.WriteString("signature"u8, ""u8);
        json.WriteEndObject();
    }

    /// <summary>Whether a block of thinking is of a provider of responses.</summary>
    public static bool IsOne(JsonElement block) => Seal(block) is { HasText: true } seal && seal.Utf8.StartsWith(Mark);

    /// <summary>Writes the item that the block of thinking was. False when it is of another provider, and then nothing is written.</summary>
    public static bool TryWriteItem(JsonElement block, Utf8JsonWriter json)
    {
        if (!IsOne(block)) return false;

        json.WriteStartObject();
        json.WriteString("type"u8, "reasoning"u8);
        json.WriteStartArray("summary"u8);
        if (block.Get("thinking"u8) is { HasText: true } words) ResponseInput.WriteText("summary_text"u8, words, json);
        json.WriteEndArray();
        json.WriteString("encrypted_content"u8, Seal(block).Utf8[Mark.Length..]);
        json.WriteEndObject();
        return true;
    }

    private static JsonElement Seal(JsonElement block) => block.Get(block.Get("type"u8).Is("redacted_thinking"u8) ? "data"u8 : "signature"u8);
}
