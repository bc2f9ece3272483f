using System.Text.Json;

namespace Proxy.Host.Translation.OnResponses;

/// <summary>The pieces that a response's request is made of.</summary>
internal static class ResponseInput
{
    public static void WriteText(ReadOnlySpan<byte> type, JsonElement text, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteCopyIfAny("text"u8, text);
        json.WriteEndObject();
    }

    public static void BeginMessage(ReadOnlySpan<byte> role, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
    }

    public static void BeginCall(JsonElement id, JsonElement name, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "function_call"u8);
        json.WriteCopyIfAny("call_id"u8, id);
        json.WriteCopyIfAny("name"u8, name);
    }

    public static void BeginResult(JsonElement id, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "function_call_output"u8);
        json.WriteCopyIfAny("call_id"u8, id);
    }

    /// <summary>A function. Where nothing is said of its strictness, chats and messages are not strict, and responses are.</summary>
    public static void WriteTool(JsonElement function, JsonElement parameters, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "function"u8);
        json.WriteCopyIfAny("name"u8, function.Get("name"u8));
        json.WriteCopyIfAny("description"u8, function.Get("description"u8));
        json.WritePropertyName("parameters"u8);
        if (parameters.IsObject) json.WriteCopy(parameters);
        else json.WriteRawValue("""{"type":"object","properties":{}}"""u8, skipInputValidation: true);
        json.WriteBoolean("strict"u8, function.Get("strict"u8).IsTrue);
        json.WriteEndObject();
    }

    public static void WriteChoice(JsonElement name, Utf8JsonWriter json)
    {
        json.WriteStartObject("tool_choice"u8);
        json.WriteString("type"u8, "function"u8);
        json.WriteCopyIfAny("name"u8, name);
        json.WriteEndObject();
    }

    /// <summary>Why a response stopped before its time, in the words of chat completions; null when it did not.</summary>
    public static string? FinishOf(JsonElement response) => response.Get("incomplete_details"u8).Get("reason"u8).Text switch
    {
        null => null,
        "content_filter" => "content_filter",
        _ => "length",
    };

    /// <summary>Reasoning comes sealed, since the provider keeps none of it.</summary>
    public static void WriteInclude(Utf8JsonWriter json)
    {
        json.WriteStartArray("include"u8);
        json.WriteStringValue("reasoning.encrypted_content"u8);
        json.WriteEndArray();
    }
}
