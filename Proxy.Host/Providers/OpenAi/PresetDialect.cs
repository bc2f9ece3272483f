namespace Proxy.Host.Providers.OpenAi;

/// <summary>A server that speaks OpenAI's API under a name of its own: where it usually is, and what it minds.</summary>
internal sealed class PresetDialect : OpenAiDialect
{
    private PresetDialect(string name, string address, bool hasResponses, bool takesStreamOptions = true, bool takesMaxCompletionTokens = true)
        : base(name, hasResponses ? [ClientApi.OpenAi, ClientApi.Responses] : [ClientApi.OpenAi])
    {
        UsualAddress = address;
        TakesStreamOptions = takesStreamOptions;
        TakesMaxCompletionTokens = takesMaxCompletionTokens;
    }

    public static readonly IReadOnlyList<PresetDialect> All =
    [
        new("vllm", "http://localhost:8000/v1", hasResponses: true),
        new("ollama", "http://localhost:11434/v1", hasResponses: true, takesMaxCompletionTokens: false),
        new("lmstudio", "http://localhost:1234/v1", hasResponses: true, takesMaxCompletionTokens: false),
        new("groq", "https://api.groq.com/openai/v1", hasResponses: true),

        // It tells its usage unasked, and refuses what it does not know.
        new("mistral", "https://api.mistral.ai/v1", hasResponses: false, takesStreamOptions: false, takesMaxCompletionTokens: false),
        new("deepseek", "https://api.deepseek.com/v1", hasResponses: false, takesMaxCompletionTokens: false),
        new("xai", "https://api.x.ai/v1", hasResponses: true),
        new("together", "https://api.together.xyz/v1", hasResponses: false, takesMaxCompletionTokens: false),
        new("openrouter", "https://openrouter.ai/api/v1", hasResponses: true),
        new("fireworks", "https://api.fireworks.ai/inference/v1", hasResponses: true),
    ];

    public override string UsualAddress { get; }

    public override bool TakesStreamOptions { get; }

    public override bool TakesMaxCompletionTokens { get; }
}
