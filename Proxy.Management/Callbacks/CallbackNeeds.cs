namespace Proxy.Management.Callbacks;

/// <summary>What each kind of callback needs to know.</summary>
public static class CallbackNeeds
{
    /// <summary>A service account's file is the longest.</summary>
    internal const int MaxVarLength = 4096;

    private static readonly string[] UrlVars = ["langfuse_host", "webhook_url", "otel_endpoint", "s3_endpoint_url"];

    /// <summary>The variables without which a callback cannot work; of alternatives the first is named.</summary>
    private static readonly Dictionary<string, string[][]> Needs = new()
    {
        ["langfuse"] = [["langfuse_public_key"], ["langfuse_secret_key", "langfuse_secret"]],
        ["webhook"] = [["webhook_url"], ["webhook_secret"]],
        ["otel"] = [["otel_endpoint"]],
        ["s3"] = [["s3_bucket_name"], ["s3_aws_access_key_id"], ["s3_aws_secret_access_key"]],
        ["gcs_bucket"] = [["gcs_bucket_name"]],
    };

    /// <summary>The callbacks that may be named over the API.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Needs.Keys];

    /// <summary>The variables that clients may send, whichever callback they belong to.</summary>
    internal static IReadOnlyList<string> Vars { get; } =
    [
        "langfuse_public_key", "langfuse_secret", "langfuse_secret_key", "langfuse_host", "langfuse_prompt_version", "langfuse_environment",
        "langfuse_span_scope", "langfuse_transport", "gcs_bucket_name", "gcs_path_service_account", "langsmith_api_key", "langsmith_project",
        "langsmith_base_url", "langsmith_sampling_rate", "humanloop_api_key", "arize_api_key", "arize_space_key", "arize_space_id", "posthog_api_key",
        "posthog_api_url", "wandb_api_key", "weave_project_id", "turn_off_message_logging", "litellm_disabled_callbacks", "otel_span_scope",
        "webhook_url", "webhook_secret", "otel_endpoint", "otel_headers", "s3_bucket_name", "s3_region_name", "s3_endpoint_url", "s3_aws_access_key_id",
        "s3_aws_secret_access_key", "s3_path", "batch_size", "flush_interval",
    ];

    /// <returns>What is wrong with a callback's variables, in a sentence; null when nothing is.</returns>
    public static string? FindFault(string name, IReadOnlyDictionary<string, string> vars)
    {
        foreach (var alternatives in Needs.GetValueOrDefault(name, []))
        {
            if (!alternatives.Any(vars.ContainsKey))
                return $"The callback '{name}' needs the variable {string.Join(" or ", alternatives.Select(alternative => $"'{alternative}'"))}.";
        }

        if (vars.GetValueOrDefault("langfuse_transport") is { } transport && transport is not ("otlp" or "legacy"))
            return "The callback variable 'langfuse_transport' must be 'otlp' or 'legacy'.";

        var url = UrlVars.FirstOrDefault(variable => vars.TryGetValue(variable, out var value) && FindUrl(value) is null);
        return url is null ? null : $"The callback variable '{url}' must be an absolute http or https URL without user, query and fragment.";
    }

    /// <summary>The same variables, with URLs as they will be used.</summary>
    public static IReadOnlyDictionary<string, string> WithAbsoluteUrls(IReadOnlyDictionary<string, string> vars) => vars.ToDictionary(
        entry => entry.Key, entry => UrlVars.Contains(entry.Key) ? FindUrl(entry.Value) ?? entry.Value : entry.Value, StringComparer.Ordinal);

    /// <returns>The address as an absolute URL without a slash at its end, or null when it is none.</returns>
    private static string? FindUrl(string text)
    {
        var withScheme = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        return Uri.TryCreate(withScheme, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri is { UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 }
            && !text.AsSpan().ContainsAny('@', '?', '#')
            ? uri.GetLeftPart(UriPartial.Path).TrimEnd('/')
            : null;
    }
}
