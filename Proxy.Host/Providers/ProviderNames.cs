using Proxy.Host.Providers.OpenAi;

namespace Proxy.Host.Providers;

/// <summary>The values of a destination's <c>Provider</c>.</summary>
internal static class ProviderNames
{
    /// <summary>OpenAI, and every server that speaks its API.</summary>
    public const string OpenAi = "openai";

    /// <summary>OpenAI's models at Azure: other paths and another header for the key.</summary>
    public const string Azure = "azure";

    /// <summary>Anthropic's Messages API, for clients that speak it.</summary>
    public const string Anthropic = "anthropic";

    /// <summary>Google's models, by OpenAI's API or by their own, as the client speaks.</summary>
    public const string Gemini = "gemini";

    /// <summary>Models at Amazon Bedrock, by its Converse API.</summary>
    public const string Bedrock = "bedrock";

    /// <summary>Answers from inside the process, to try the gateway without an account.</summary>
    public const string Demo = "demo";

    public static readonly IReadOnlyList<string> All = [OpenAi, Azure, Anthropic, Gemini, Bedrock, Demo, .. PresetDialect.All.Select(preset => preset.Name)];
}
