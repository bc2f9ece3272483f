namespace Proxy.Management.Spend;

/// <summary>The tokens of one call; no token is in two of the counts.</summary>
/// <param name="Input">Input that came neither from nor into the provider's cache.</param>
/// <param name="CachedInput">Input that came from the provider's cache.</param>
/// <param name="CacheWrite">Input that was written to the provider's cache, for five minutes where that is a choice.</param>
/// <param name="Output">Output without reasoning.</param>
/// <param name="Reasoning">Output that the caller does not see.</param>
public readonly record struct TokenUsage(long Input, long CachedInput, long CacheWrite, long Output, long Reasoning)
{
    /// <summary>Input that was written to the provider's cache for an hour.</summary>
    public long CacheWriteHour { get; init; }

    /// <summary>Spoken input.</summary>
    public long AudioInput { get; init; }

    /// <summary>Spoken output.</summary>
    public long AudioOutput { get; init; }

    /// <summary>Pictures that were made; they are no tokens.</summary>
    public long Images { get; init; }

    public long TotalInput => Input + CachedInput + CacheWrite + CacheWriteHour + AudioInput;

    public long TotalOutput => Output + Reasoning + AudioOutput;

    public long Total => TotalInput + TotalOutput;
}
