using System.Text.Json;

namespace Proxy.Host.Translation;

/// <summary>What a tool is called with: an object at Anthropic, the text of one at OpenAI.</summary>
internal static class ToolInput
{
    /// <summary>For servers that give their calls none.</summary>
    public static string NewCallId() => $"call_{Guid.CreateVersion7():N}";

    /// <summary>Writes the object that a text holds; no text is an empty one. False when it holds none, and then nothing is written.</summary>
    public static bool TryWrite(JsonElement arguments, Utf8JsonWriter json)
    {
        if (!arguments.HasText)
        {
            if (!arguments.IsText && !arguments.IsNothing) return false;

            json.WriteStartObject();
            json.WriteEndObject();
            return true;
        }

        var text = arguments.Utf8;
        if (!IsObject(text)) return false;

        json.WriteRawValue(text, skipInputValidation: true);
        return true;
    }

    /// <summary>Writes the object that the model's text holds. It may write what is no JSON: the tool refuses that then, and its result tells the model so.</summary>
    public static void Write(JsonElement arguments, Utf8JsonWriter json)
    {
        if (TryWrite(arguments, json)) return;

        json.WriteStartObject();
        json.WriteCopy("unparsed_arguments"u8, arguments);
        json.WriteEndObject();
    }

    private static bool IsObject(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
