using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>How a Messages request wants the answer thought over and formed.</summary>
internal static class MessagesReasoning
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        var (thinking, output) = (asked.Get("thinking"u8), asked.Get("output_config"u8));
        if (output.Get("effort"u8) is { IsText: true } effort) json.WriteString("reasoning_effort"u8, effort.Is("max"u8) ? "xhigh"u8 : effort.Utf8);
        else if (thinking.Get("budget_tokens"u8).Number is { } budget) json.WriteString("reasoning_effort"u8, ReasoningBudget.EffortOf((long)budget));

        var format = output.Get("format"u8) is { IsObject: true } own ? own : asked.Get("output_format"u8);
        if (format.IsObject) WriteFormat(format, json);
        if (output.IsObject) losses.Rest(output, "output_config", "effort", "format");
    }

    private static void WriteFormat(JsonElement format, Utf8JsonWriter json)
    {
        json.WriteStartObject("response_format"u8);
        json.WriteString("type"u8, "json_schema"u8);
        json.WriteStartObject("json_schema"u8);
        json.WriteString("name"u8, "answer"u8);
        json.WriteBoolean("strict"u8, value: true);
        json.WriteCopyIfAny("schema"u8, format.Get("schema"u8));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
