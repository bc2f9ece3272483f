namespace Proxy.Host.Providers;

/// <summary>One thing that clients ask of a model, with its path below the API's base.</summary>
internal sealed class ApiOperation
{
    public static readonly ApiOperation Chat = new(0, "/chat/completions", "chat", "acompletion", "messages"u8);
    public static readonly ApiOperation Completion = new(1, "/completions", "text_completion", "atext_completion", "prompt"u8);
    public static readonly ApiOperation Embedding = new(2, "/embeddings", "embeddings", "aembedding", "input"u8);

    public static readonly IReadOnlyList<ApiOperation> All = [Chat, Completion, Embedding];

    private const string VersionPrefix = "/v1";

    private readonly byte[] _inputField;

    private ApiOperation(int index, string path, string name, string callType, ReadOnlySpan<byte> inputField)
    {
        Index = index;
        Path = path;
        Name = name;
        CallType = callType;
        _inputField = inputField.ToArray();
    }

    public int Index { get; }

    public string Path { get; }

    /// <summary>The word of the GenAI conventions.</summary>
    public string Name { get; }

    /// <summary>The word that LiteLLM's users know from their spend logs.</summary>
    public string CallType { get; }

    /// <summary>The field of the body that holds what is asked.</summary>
    public ReadOnlySpan<byte> InputField => _inputField;

    /// <summary>Whether the answer is made of tokens that are paid for.</summary>
    public bool IsGenerating => this != Embedding;

    /// <summary>The operation behind a path, with or without /v1; null when there is none.</summary>
    public static ApiOperation? Find(string? path)
    {
        if (path is null) return null;
        var below = path.AsSpan();
        if (below.StartsWith(VersionPrefix, StringComparison.OrdinalIgnoreCase) && below.Length > VersionPrefix.Length && below[VersionPrefix.Length] == '/')
            below = below[VersionPrefix.Length..];

        foreach (var operation in All)
        {
            if (below.Equals(operation.Path, StringComparison.OrdinalIgnoreCase)) return operation;
        }

        return null;
    }
}
