using System.Runtime.CompilerServices;
using System.Text.Json;
using Proxy.Logging;

namespace Proxy.Host.Recording;

/// <summary>What the metadata of a key or a team says of its log.</summary>
/// <param name="Redacts">Whether prompts and answers are hidden; null when nothing is said.</param>
/// <param name="DisabledCallbacks">Callbacks that shall not be told.</param>
/// <param name="Tags">Tags that each of its calls has.</param>
/// <param name="AtLimit">What happens when the outbox is full; null when nothing is said.</param>
/// <param name="TellsAttempts">Whether each attempt of a call has a span of its own; null when nothing is said.</param>
internal sealed record LogPolicy(bool? Redacts, IReadOnlyList<string> DisabledCallbacks, IReadOnlyList<string> Tags, LimitPolicy? AtLimit, bool? TellsAttempts)
{
    public static readonly LogPolicy None = new(null, [], [], null, null);

    private static readonly ConditionalWeakTable<string, LogPolicy> ByMetadata = [];

    /// <summary>Rows are replaced, never changed, so what their metadata means stays with it.</summary>
    public static LogPolicy Of(string? metadata) => metadata is null or "{}" ? None : ByMetadata.GetValue(metadata, static text => Read(text));

    private static LogPolicy Read(string metadata)
    {
        using var document = JsonDocument.Parse(metadata);
        var root = document.RootElement;
        return new LogPolicy(
            Flag(root, "turn_off_message_logging"),
            Texts(root, "litellm_disabled_callbacks"),
            Texts(root, "tags"),
            LimitPolicies.Find(root.TryGetProperty("logging_at_limit", out var limit) && limit.ValueKind == JsonValueKind.String ? limit.GetString() : null),
            Flag(root, "log_attempts"));
    }

    private static bool? Flag(JsonElement root, string name) => !root.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => FlagOf(value.GetString()),
        _ => null,
    };

    public static bool? FlagOf(string? text) => bool.TryParse(text, out var flag) ? flag : null;

    private static string[] Texts(JsonElement root, string name) => !root.TryGetProperty(name, out var value) ? [] : value.ValueKind switch
    {
        JsonValueKind.Array => [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)],
        JsonValueKind.String => SplitOf(value.GetString()),
        _ => [],
    };

    public static string[] SplitOf(string? text) => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
