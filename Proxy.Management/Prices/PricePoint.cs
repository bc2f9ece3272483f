namespace Proxy.Management.Prices;

/// <summary>What is paid for.</summary>
public enum PriceKind
{
    Input,
    Output,
    CachedInput,

    /// <summary>Input written to the provider's cache, for five minutes.</summary>
    CacheWrite,

    /// <summary>Input written to the provider's cache, for an hour.</summary>
    CacheWriteHour,
    Reasoning,
    AudioInput,
    AudioOutput,

    /// <summary>A token of a picture that is shown to the model.</summary>
    ImageTokenInput,

    /// <summary>A token of a picture that is made.</summary>
    ImageTokenOutput,
    ImageInput,
    ImageOutput,

    /// <summary>A pixel of a picture that is made.</summary>
    Pixel,

    /// <summary>A character that is asked, for speech and for models that count no tokens.</summary>
    Character,
    CharacterOutput,

    /// <summary>A second of what is heard, or of the answer, for models that are hired by time.</summary>
    Second,

    /// <summary>A search, as rerankers count it.</summary>
    Query,
    Request,
}

/// <summary>How soon the provider answers, and at which price.</summary>
public enum ServiceTier
{
    Standard,
    Batch,
    Flex,
    Priority,
}

/// <summary>One figure of a model's price.</summary>
/// <param name="Kind">For what.</param>
/// <param name="Tier">In which service tier.</param>
/// <param name="Above">When the whole prompt has more tokens than this.</param>
/// <param name="Dollars">For one token, image, pixel, character, second, search or request.</param>
public readonly record struct PricePoint(PriceKind Kind, ServiceTier Tier, long Above, decimal Dollars);
