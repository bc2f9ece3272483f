using System.Security.Cryptography;
using System.Text;
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

    /// <summary>The names that may be used; each has its rules in <see cref="CallbackNeeds"/>.</summary>
    public static IReadOnlyList<string> KnownNames => CallbackNeeds.Names;

    /// <summary>A proxy admin has named the place, so it may be in a private network.</summary>
    public bool IsByAdmin { get; init; }

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

    /// <summary>The same entry once more: for the same calls, with the same variables. Two projects of one kind are two entries.</summary>
    internal bool Repeats(TeamCallback other) => Name == other.Name && Type == other.Type && Vars.Count == other.Vars.Count
        && Vars.All(entry => other.Vars.TryGetValue(entry.Key, out var value) && value == entry.Value);

    /// <summary>Names one of several of one kind to who may not see its secrets: it is made of what they do see.</summary>
    internal string ShownId => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(CallbackView.Entry(this).ToJsonString())))[..12];

    /// <returns>No variable, since most of them are secret.</returns>
    public override string ToString() => $"{Name} ({TypeText})";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<TeamCallback>))]
internal sealed partial class CallbackJson : JsonSerializerContext;
