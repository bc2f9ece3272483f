using System.Text.Json;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>The content blocks of one request, which are told apart by the name of their field there.</summary>
internal sealed class MessagesBlocks(Utf8JsonWriter json, Losses losses)
{
    private readonly MessagesMedia _media = new(json, losses);

    public void WriteText(JsonElement text)
    {
        // The provider refuses empty text, which says nothing.
        if (!text.HasText) return;

        json.WriteStartObject();
        json.WriteCopy("text"u8, text);
        json.WriteEndObject();
    }

    public void Write(JsonElement block, string path)
    {
        switch (block.Get("type"u8).Text)
        {
            case "text":
                WriteText(block.Get("text"u8));
                losses.Rest(block, path, "type", "text", "cache_control", "citations");
                break;

            case "image":
                _media.WriteImage(block.Get("source"u8), path);
                losses.Rest(block, path, "type", "source", "cache_control");
                break;

            case "document":
                WriteDocument(block, path);
                break;

            case "thinking" or "redacted_thinking":
                WriteThinking(block);
                break;

            case "tool_use":
                WriteCall(block, path);
                break;

            case "tool_result":
                WriteResult(block, path);
                break;

            case var type:
                losses.Content(path, $"Content of the type '{type}'");
                break;
        }

        CachePoint.WriteIfAny(block, json);
    }

    private void WriteDocument(JsonElement document, string path)
    {
        if (document.Get("citations"u8).Get("enabled"u8).IsTrue) losses.Parameter($"{path}.citations");
        WriteText(document.Get("context"u8));
        var source = document.Get("source"u8);
        if (source.Get("type"u8).Is("content"u8) && source.Get("content"u8).IsList)
        {
            var index = 0;
            foreach (var part in source.Get("content"u8).Entries) Write(part, $"{path}.source.content[{index++}]");
        }
        else
        {
            _media.WriteDocument(source, document.Get("title"u8), path);
        }

        losses.Rest(document, path, "type", "source", "title", "context", "cache_control", "citations");
    }

    /// <summary>Thinking goes back only with its signature, by which the model knows it as its own.</summary>
    private void WriteThinking(JsonElement block)
    {
        var (signature, data) = (block.Get("signature"u8), block.Get("data"u8));
        if (SealedReasoning.IsOne(block) || (!signature.HasText && !data.HasText))
        {
            losses.Omit("thinking");
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("reasoningContent"u8);
        if (data.HasText)
        {
            json.WriteCopy("redactedContent"u8, data);
        }
        else
        {
            json.WriteStartObject("reasoningText"u8);
            json.WriteCopyIfAny("text"u8, block.Get("thinking"u8));
            json.WriteCopy("signature"u8, signature);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteCall(JsonElement block, string path)
    {
        json.WriteStartObject();
        json.WriteStartObject("toolUse"u8);
        json.WriteCopyIfAny("toolUseId"u8, block.Get("id"u8));
        json.WriteCopyIfAny("name"u8, block.Get("name"u8));
        json.WritePropertyName("input"u8);
        if (block.Get("input"u8) is { IsObject: true } input) json.WriteCopy(input);
        else json.WriteRawValue("{}"u8, skipInputValidation: true);
        json.WriteEndObject();
        json.WriteEndObject();
        losses.Rest(block, path, "type", "id", "name", "input", "cache_control", "caller");
    }

    private void WriteResult(JsonElement block, string path)
    {
        var content = block.Get("content"u8);
        json.WriteStartObject();
        json.WriteStartObject("toolResult"u8);
        json.WriteCopyIfAny("toolUseId"u8, block.Get("tool_use_id"u8));
        json.WriteStartArray("content"u8);
        WriteText(content);
        var index = 0;
        foreach (var part in content.Entries) WriteInResult(part, $"{path}.content[{index++}]");
        json.WriteEndArray();
        if (block.Get("is_error"u8).IsTrue) json.WriteString("status"u8, "error"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        losses.Rest(block, path, "type", "tool_use_id", "content", "is_error", "cache_control");
    }

    /// <summary>A result holds words, pictures and documents, and no marks of a cache.</summary>
    private void WriteInResult(JsonElement part, string path)
    {
        var type = part.Get("type"u8);
        if (type.Is("text"u8)) WriteText(part.Get("text"u8));
        else if (type.Is("image"u8)) _media.WriteImage(part.Get("source"u8), path);
        else if (type.Is("document"u8)) WriteDocument(part, path);
        else losses.Content(path, $"Content of the type '{type.Text}'");
    }
}
