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

    /// <summary>Input that was seen.</summary>
    public long ImageInput { get; init; }

    /// <summary>Output that was drawn.</summary>
    public long ImageOutput { get; init; }

    /// <summary>Pictures that were made. They and what follows are no tokens.</summary>
    public long Images { get; init; }

    /// <summary>Pixels of the pictures that were made.</summary>
    public long Pixels { get; init; }

    public long Characters { get; init; }

    public long OutputCharacters { get; init; }

    /// <summary>Seconds that were heard, or that the answer took.</summary>
    public decimal Seconds { get; init; }

    /// <summary>Searches, as rerankers count them.</summary>
    public long Queries { get; init; }

    /// <summary>Read, heard and seen input that came neither from nor into the provider's cache.</summary>
    public long FreshInput => Input + AudioInput + ImageInput;

    /// <summary>Written, spoken and drawn output.</summary>
    public long AnsweredOutput => Output + AudioOutput + ImageOutput;

    public long TotalInput => FreshInput + CachedInput + CacheWrite + CacheWriteHour;

    public long TotalOutput => AnsweredOutput + Reasoning;

    public long Total => TotalInput + TotalOutput;
}
