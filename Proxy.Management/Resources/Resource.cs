namespace Proxy.Management.Resources;

/// <summary>Something that a provider keeps, by the id that it gave to a caller.</summary>
public sealed record Resource
{
    public required string Id { get; init; }

    /// <summary>The deployment whose account has it.</summary>
    public required string Cluster { get; init; }

    public required string Destination { get; init; }

    /// <summary>What it is, in one word.</summary>
    public required string Kind { get; init; }

    /// <summary>The model that was asked for when it was made.</summary>
    public required string Model { get; init; }

    public required ResourceOwner Owner { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>False while it may still come to cost something.</summary>
    public bool IsSettled { get; init; } = true;
}
