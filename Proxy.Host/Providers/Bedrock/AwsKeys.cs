using Proxy.Host.Configuration;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>What signs the calls of a deployment at Amazon's, and where.</summary>
internal sealed record AwsKeys(string AccessKeyId, string SecretAccessKey, string? SessionToken, string Region)
{
    public const string AccessKeyIdKey = "AccessKeyId";
    public const string SecretAccessKeyKey = "SecretAccessKey";
    public const string SessionTokenKey = "SessionToken";
    public const string RegionKey = "Region";

    private const string RuntimePrefix = "bedrock-runtime.";

    /// <summary>Never shows a secret, wherever it is printed.</summary>
    public override string ToString() => $"keys in {Region}";

    /// <param name="find">A value of the destination's metadata.</param>
    /// <param name="address">Of the destination; Amazon's own name the region.</param>
    /// <param name="hasApiKey">A key of Bedrock's own needs no signature.</param>
    /// <param name="report">Is told every fault.</param>
    public static AwsKeys? Read(Func<string, string?> find, string? address, bool hasApiKey, Action<string> report)
    {
        var (id, secret, token) = (Resolve(AccessKeyIdKey), Resolve(SecretAccessKeyKey), Resolve(SessionTokenKey));
        var region = find(RegionKey) ?? RegionOf(address);
        if (region?.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-') == false) report($"its {RegionKey} '{region}' is none");
        if (id is null && secret is null && hasApiKey) return null;

        if (find(AccessKeyIdKey) is null || find(SecretAccessKeyKey) is null) report($"it needs an ApiKey, or {AccessKeyIdKey} and {SecretAccessKeyKey}");
        if (region is null) report($"it needs a {RegionKey}, which its address does not name");
        return id is null || secret is null || region is null ? null : new AwsKeys(id, secret, token, region);

        string? Resolve(string key)
        {
            if (find(key) is not { } reference) return null;
            if (CredentialReference.TryResolve(reference, out var value, out var fault)) return value;

            report($"its {key} cannot be had: {fault}");
            return null;
        }
    }

    private static string? RegionOf(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Host.StartsWith(RuntimePrefix, StringComparison.Ordinal) && uri.Host.Split('.') is { Length: > 2 } labels ? labels[1] : null;
}
