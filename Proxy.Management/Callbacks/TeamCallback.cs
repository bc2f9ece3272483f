using System.Text.Json.Serialization;

namespace Proxy.Management.Callbacks;

/// <summary>Which calls a callback is told about.</summary>
public enum CallbackType
{
    Success,
    Failure,
    SuccessAndFailure,
}

/// <summary>Where the calls of a team are logged, with the credentials for it. It lives in memory only; the row is encrypted.</summary>
public sealed record TeamCallback(string Name, CallbackType Type, IReadOnlyDictionary<string, string> Vars)
{
    public const string Langfuse = "langfuse";

    /// <summary>The names that may be used; each has its rules in <see cref="CallbackRules"/>.</summary>
    public static IReadOnlyList<string> KnownNames { get; } = [Langfuse];

    public bool IsForSuccess => Type != CallbackType.Failure;

    public bool IsForFailure => Type != CallbackType.Success;

    /// <summary>The word that clients use for the type.</summary>
    internal string TypeText => Type switch
    {
        CallbackType.Success => "success",
        CallbackType.Failure => "failure",
        _ => "success_and_failure",
    };

    internal static CallbackType? FindType(string text) => text switch
    {
        "success" => CallbackType.Success,
        "failure" => CallbackType.Failure,
        "success_and_failure" => CallbackType.SuccessAndFailure,
        _ => null,
    };

    /// <returns>No variable, since most of them are secret.</returns>
    public override string ToString() => $"{Name} ({TypeText})";
}

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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<TeamCallback>))]
internal sealed partial class CallbackJson : JsonSerializerContext;
