namespace Proxy.Logging.Records;

/// <summary>Where records go: one project of one Langfuse. Two teams that name the same project share one target.</summary>
/// <param name="Host">An absolute http or https address without a trailing slash.</param>
public sealed record LogTarget(Uri Host, string PublicKey, string SecretKey)
{
    /// <summary>A record would print its fields; a secret is not for printing.</summary>
    public override string ToString() => $"{Host} ({PublicKey})";
}
