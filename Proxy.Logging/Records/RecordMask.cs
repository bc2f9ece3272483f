using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;

namespace Proxy.Logging.Records;

/// <summary>Hides what was said; that something was said is not hidden.</summary>
public static class RecordMask
{
    private const string Mark = "redacted-by-litellm";

    private static readonly ReadOnlyMemory<byte> MarkJson = System.Text.Encoding.UTF8.GetBytes($"\"{Mark}\"");

    /// <summary>Parameters whose texts are words of an API.</summary>
    private static readonly FrozenSet<string> Words = FrozenSet.ToFrozenSet(
        ["encoding_format", "quality", "reasoning_effort", "service_tier", "size", "style", "tool_choice", "truncation", "verbosity", "voice"]);

    public static CompletionRecord Input(CompletionRecord record) => HideRest(record) with
    {
        Input = Hide(record.Input),
        StatusMessage = Hide(record.StatusMessage),
        Attempts = Hide(record.Attempts),
    };

    public static CompletionRecord Output(CompletionRecord record) => HideRest(record) with { Output = Hide(record.Output) };

    public static CompletionRecord Both(CompletionRecord record) => Output(Input(record));

    /// <remarks>A suffix belongs to the prompt and a prediction to the answer; what else providers may take nobody knows.</remarks>
    private static CompletionRecord HideRest(CompletionRecord record) => record with { Parameters = HideTexts(record.Parameters) };

    private static ReadOnlyMemory<byte> Hide(ReadOnlyMemory<byte> text) => text.IsEmpty ? default : MarkJson;

    /// <remarks>A provider's sentence may quote the prompt.</remarks>
    private static string? Hide(string? sentence) => sentence is null ? null : Mark;

    private static IReadOnlyList<CompletionAttempt>? Hide(IReadOnlyList<CompletionAttempt>? attempts) =>
        attempts is null ? null : [.. attempts.Select(attempt => attempt with { Message = Hide(attempt.Message) })];

    /// <summary>Numbers and switches stay, and words that an API knows.</summary>
    private static ReadOnlyMemory<byte> HideTexts(ReadOnlyMemory<byte> parameters)
    {
        if (parameters.IsEmpty) return default;

        try
        {
            using var document = JsonDocument.Parse(parameters);
            var hidden = new ArrayBufferWriter<byte>(parameters.Length + Mark.Length);
            using var json = new Utf8JsonWriter(hidden);
            json.WriteStartObject();
            foreach (var parameter in document.RootElement.EnumerateObject())
            {
                var isHarmless = parameter.Value.ValueKind switch
                {
                    JsonValueKind.String => Words.Contains(parameter.Name),
                    JsonValueKind.Object or JsonValueKind.Array => false,
                    _ => true,
                };
                if (isHarmless) parameter.WriteTo(json);
                else json.WriteString(parameter.Name, Mark);
            }

            json.WriteEndObject();
            json.Flush();
            return hidden.WrittenMemory;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return default;
        }
    }
}
