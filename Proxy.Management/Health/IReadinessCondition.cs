namespace Proxy.Management.Health;

/// <summary>Something that the program waits for, besides its database, before it says that it is ready.</summary>
public interface IReadinessCondition
{
    /// <summary>What is waited for, in words for the operator; null once it is there.</summary>
    string? Missing { get; }
}
