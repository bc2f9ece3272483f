using System.Text.Json.Nodes;

namespace Proxy.Management.Callbacks;

/// <summary>Callbacks as a reader may see them: every variable that is not known to be harmless is masked.</summary>
internal static class CallbackView
{
    public const string Masked = "***";

    private static readonly string[] Harmless =
    [
        "langfuse_public_key", "langfuse_host", "langfuse_prompt_version", "langfuse_environment", "langfuse_span_scope",
        "langfuse_transport", "turn_off_message_logging", "litellm_disabled_callbacks", "otel_span_scope", "webhook_url", "otel_endpoint", "gcs_bucket_name", "s3_bucket_name", "s3_region_name",
        "s3_endpoint_url", "s3_path",
        "batch_size", "flush_interval",
    ];

    public static string[] SuccessNames(IReadOnlyList<TeamCallback> callbacks) =>
        [.. callbacks.Where(callback => callback.IsForSuccess).Select(callback => callback.Name).Distinct()];

    public static string[] FailureNames(IReadOnlyList<TeamCallback> callbacks) =>
        [.. callbacks.Where(callback => callback.IsForFailure).Select(callback => callback.Name).Distinct()];

    /// <summary>The variables of all callbacks in one map; of two with one name the later wins.</summary>
    public static Dictionary<string, string> Vars(IReadOnlyList<TeamCallback> callbacks)
    {
        var vars = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var callback in callbacks)
        {
            foreach (var (name, value) in callback.Vars) vars[name] = Show(name, value);
        }

        return vars;
    }

    /// <summary>Puts the masked callbacks where clients of either generation look for them.</summary>
    public static void AddTo(JsonObject metadata, IReadOnlyList<TeamCallback> callbacks, bool isLoggingDisabled)
    {
        if (callbacks.Count == 0 && !isLoggingDisabled) return;

        var active = isLoggingDisabled ? [] : callbacks;
        metadata["callback_settings"] = new JsonObject
        {
            ["success_callback"] = Names(SuccessNames(active)),
            ["failure_callback"] = Names(FailureNames(active)),
            ["callback_vars"] = Map(Vars(callbacks)),
        };
        metadata["logging"] = List(active);
    }

    /// <summary>Each callback with its own variables.</summary>
    public static JsonArray List(IReadOnlyList<TeamCallback> callbacks) => new([.. callbacks.Select(callback => (JsonNode)Entry(callback))]);

    /// <summary>As the other, each with the id by which one of several is named.</summary>
    public static JsonArray ListWithIds(IReadOnlyList<TeamCallback> callbacks) => new([.. callbacks.Select(callback =>
    {
        var entry = Entry(callback);
        entry["callback_id"] = callback.ShownId;
        return (JsonNode)entry;
    })]);

    public static JsonObject Entry(TeamCallback callback) => new()
    {
        ["callback_name"] = callback.Name,
        ["callback_type"] = callback.TypeText,
        ["callback_vars"] = Map(callback.Vars.Select(entry => KeyValuePair.Create(entry.Key, Show(entry.Key, entry.Value)))),
    };

    private static JsonArray Names(string[] names) => new([.. names.Select(name => (JsonNode)name)]);

    private static JsonObject Map(IEnumerable<KeyValuePair<string, string>> vars) =>
        new(vars.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));

    private static string Show(string name, string value) => Harmless.Contains(name) ? value : Masked;
}
