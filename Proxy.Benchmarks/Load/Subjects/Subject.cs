namespace Proxy.Benchmarks.Load.Subjects;

/// <summary>Something that calls go through, or the same thing asked in another way; null of a process when they go straight to the provider.</summary>
internal sealed record Subject(string Name, int Port, string? Key, MeasuredProcess? Process)
{
    public const string Direct = "no proxy";

    /// <summary>The path that it takes chat completions at.</summary>
    public string Path { get; init; } = "/v1/chat/completions";

    /// <summary>Header lines that it needs besides, each with its end.</summary>
    public string Headers { get; init; } = "";

    /// <summary>Done when what a run left behind is done too, so that its cost is counted with the run.</summary>
    public Func<Task> SettleAsync { get; init; } = () => Task.CompletedTask;

    /// <summary>True for what is measured in the plain scenarios only, to show the price of one thing.</summary>
    public bool IsVariant { get; init; }

    public byte[] Request(string model, int padding) => LoadClient.Request(
        Port, Path, Key, Headers, $$"""{"model":"{{model}}","stream":{{(model is ProviderServer.Stream or ProviderServer.SlowStream ? "true" : "false")}},"messages":[{"role":"user","content":"{{Prose(padding)}}"}]}""");

    /// <remarks>What people write has blanks; without any it would be looked at as a picture might be.</remarks>
    private static string Prose(int length) => string.Concat(Enumerable.Repeat("lorem ipsum ", (length / 12) + 1))[..length];
}
