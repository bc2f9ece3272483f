namespace Proxy.Host.Translation;

/// <summary>OpenAI's efforts and Anthropic's budgets of tokens: each effort has a budget, and each budget the effort whose own it reaches.</summary>
internal static class ReasoningBudget
{
    private const long Minimal = 1024;
    private const long Low = 2048;
    private const long Medium = 8192;
    private const long High = 16384;
    private const long Highest = 32768;

    public static long Of(string? effort) => effort switch
    {
        "minimal" => Minimal,
        "low" => Low,
        "medium" => Medium,
        "xhigh" => Highest,
        _ => High,
    };

    public static ReadOnlySpan<byte> EffortOf(long budget) => budget switch
    {
        < Low => "minimal"u8,
        < Medium => "low"u8,
        < High => "medium"u8,
        _ => "high"u8,
    };
}
