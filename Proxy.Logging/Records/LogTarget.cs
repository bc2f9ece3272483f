namespace Proxy.Logging.Records;

/// <summary>Where records go: one project of one Langfuse. Two teams that name the same project share one target.</summary>
/// <remarks>The host is an absolute http or https address; it may have a path, and be in a private network.</remarks>
public sealed record LogTarget(Uri Host, string PublicKey, string SecretKey)
{
    /// <summary>A record would print its fields; a secret is not for printing.</summary>
    public override string ToString() => $"{Host} ({PublicKey})";
}
