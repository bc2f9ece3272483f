namespace Proxy.Management.Models;

/// <summary>A deployment of a model that stands in the database.</summary>
public sealed record StoredModel
{
    public required string Id { get; init; }

    /// <summary>What clients ask for; several deployments may share it.</summary>
    public required string Name { get; init; }

    /// <summary>A JSON object: <c>model</c>, <c>api_base</c>, <c>api_key</c> and so on. It holds secrets.</summary>
    public required string Params { get; init; }

    /// <summary>A JSON object of what its makers want to know of it.</summary>
    public required string Info { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public string? CreatedBy { get; init; }

    public string? UpdatedBy { get; init; }

    public override string ToString() => $"{Name} ({Id})";
}
