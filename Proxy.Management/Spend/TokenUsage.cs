namespace Proxy.Management.Spend;

/// <summary>The tokens of one call; no token is in two of the counts.</summary>
/// <param name="Input">Input that came neither from nor into the provider's cache.</param>
/// <param name="CachedInput">Input that came from the provider's cache.</param>
/// <param name="CacheWrite">Input that was written to the provider's cache.</param>
/// <param name="Output">Output without reasoning.</param>
/// <param name="Reasoning">Output that the caller does not see.</param>
public readonly record struct TokenUsage(long Input, long CachedInput, long CacheWrite, long Output, long Reasoning)
{
    public long TotalInput => Input + CachedInput + CacheWrite;

    public long TotalOutput => Output + Reasoning;

    public long Total => TotalInput + TotalOutput;
}
