namespace Proxy.Logging.Records;

/// <summary>Makes less of a record: without its bodies, or with the middle of them cut out.</summary>
internal static class RecordCut
{
    private static readonly int[] Steps = [100_000, 10_000, 1_000];

    /// <returns>The next smaller size to try, or 0 when there is none.</returns>
    public static int Next(int size) => Array.Find(Steps, step => size == 0 || step < size);

    public static CompletionRecord Apply(CompletionRecord record, int maxFieldBytes)
    {
        var input = FieldBound.Apply(record.Input, maxFieldBytes, out var isInputCut);
        var output = FieldBound.Apply(record.Output, maxFieldBytes, out var isOutputCut);
        var parameters = FieldBound.Apply(record.Parameters, maxFieldBytes, out _);
        if (input.Equals(record.Input) && output.Equals(record.Output) && parameters.Equals(record.Parameters)) return record;

        if (isInputCut || isOutputCut)
            record = MarkTruncated(record, (isInputCut ? record.Input.Length : 0) + (isOutputCut ? record.Output.Length : 0));
        return record with { Input = input, Output = output, Parameters = parameters };
    }

    public static CompletionRecord Shed(CompletionRecord record) => record with
    {
        Input = default,
        Output = default,
        Metadata = With(record, ("bodies_shed", "true")),
    };

    private static CompletionRecord MarkTruncated(CompletionRecord record, long originalBytes) => record with
    {
        // A record that is cut twice keeps the first count: that is how long it was.
        Metadata = record.Metadata.ContainsKey("original_bytes") ? record.Metadata : With(record, ("truncated", "true"), ("original_bytes", $"{originalBytes}")),
    };

    private static Dictionary<string, string> With(CompletionRecord record, params ReadOnlySpan<(string Name, string Value)> facts)
    {
        var metadata = new Dictionary<string, string>(record.Metadata);
        foreach (var (name, value) in facts) metadata[name] = value;
        return metadata;
    }
}
