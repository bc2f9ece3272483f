using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>Why an answer of the Converse API stops, in Anthropic's words.</summary>
internal static class ConverseStop
{
    /// <summary>These answers have no id of their own.</summary>
    public static string NewId() => $"msg_{Guid.CreateVersion7():N}";

    public static string ReasonOf(JsonElement reason) => reason.Text switch
    {
        "guardrail_intervened" or "content_filtered" => "refusal",
        "tool_use" or "max_tokens" or "stop_sequence" or "model_context_window_exceeded" => reason.GetString()!,
        _ => "end_turn",
    };

    /// <summary>The sequence that ended it; null for none.</summary>
    public static string? SequenceOf(JsonElement answer) => answer.Get("additionalModelResponseFields"u8).Get("stop_sequence"u8).Text;
}
