using System.Collections.Frozen;

namespace Proxy.Host.Providers;

/// <summary>The values of a destination's <c>Provider</c>.</summary>
internal static class ProviderNames
{
    /// <summary>OpenAI, and every server that speaks its API.</summary>
    public const string OpenAi = "openai";

    /// <summary>Answers from inside the process, to try the gateway without an account.</summary>
    public const string Demo = "demo";

    public static readonly FrozenSet<string> All = FrozenSet.Create(StringComparer.Ordinal, OpenAi, Demo);
}
