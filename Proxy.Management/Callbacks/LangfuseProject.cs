namespace Proxy.Management.Callbacks;

/// <summary>What a langfuse callback says: the project and its credentials.</summary>
/// <param name="Host">An absolute URL without a slash at its end.</param>
/// <param name="PublicKey">The public key of the project.</param>
/// <param name="SecretKey">The secret key of the project.</param>
public sealed record LangfuseProject(string Host, string PublicKey, string SecretKey)
{
    public const string DefaultHost = "https://cloud.langfuse.com";

    /// <returns>Null when the callback is of another kind.</returns>
    public static LangfuseProject? Find(TeamCallback callback)
    {
        if (callback.Name != TeamCallback.Langfuse) return null;

        var vars = callback.Vars;
        return new LangfuseProject(
            vars.GetValueOrDefault("langfuse_host", DefaultHost),
            vars.GetValueOrDefault("langfuse_public_key", ""),
            vars.GetValueOrDefault("langfuse_secret_key") ?? vars.GetValueOrDefault("langfuse_secret", ""));
    }

    public override string ToString() => $"{PublicKey} at {Host}";
}
