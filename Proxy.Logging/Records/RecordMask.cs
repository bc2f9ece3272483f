namespace Proxy.Logging.Records;

/// <summary>Hides what was said; that something was said is not hidden.</summary>
public static class RecordMask
{
    private const string Mark = "redacted-by-litellm";

    private static readonly ReadOnlyMemory<byte> MarkJson = System.Text.Encoding.UTF8.GetBytes($"\"{Mark}\"");

    public static CompletionRecord Input(CompletionRecord record) => record with { Input = Hide(record.Input), StatusMessage = Hide(record.StatusMessage), Attempts = Hide(record.Attempts) };

    public static CompletionRecord Output(CompletionRecord record) => record with { Output = Hide(record.Output) };

    public static CompletionRecord Both(CompletionRecord record) => record with
    {
        Input = Hide(record.Input),
        Output = Hide(record.Output),
        StatusMessage = Hide(record.StatusMessage),
        Attempts = Hide(record.Attempts),
    };

    private static ReadOnlyMemory<byte> Hide(ReadOnlyMemory<byte> text) => text.IsEmpty ? default : MarkJson;

    /// <remarks>A provider's sentence may quote the prompt.</remarks>
    private static string? Hide(string? sentence) => sentence is null ? null : Mark;

    private static IReadOnlyList<CompletionAttempt>? Hide(IReadOnlyList<CompletionAttempt>? attempts) =>
        attempts is null ? null : [.. attempts.Select(attempt => attempt with { Message = Hide(attempt.Message) })];
}
