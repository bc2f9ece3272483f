using System.Text.Json;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Callbacks;

/// <summary>Reads callbacks out of bodies and says what is wrong with them.</summary>
internal static class CallbackRules
{
    private const string VarsField = "callback_vars";

    /// <summary>The variables that clients may send, whichever callback they belong to.</summary>
    private static readonly string[] AllowedVars =
    [
        "langfuse_public_key", "langfuse_secret", "langfuse_secret_key", "langfuse_host", "langfuse_prompt_version", "langfuse_environment",
        "langfuse_span_scope", "gcs_bucket_name", "gcs_path_service_account", "langsmith_api_key", "langsmith_project", "langsmith_base_url",
        "langsmith_sampling_rate", "humanloop_api_key", "arize_api_key", "arize_space_key", "arize_space_id", "posthog_api_key",
        "posthog_api_url", "wandb_api_key", "weave_project_id", "turn_off_message_logging", "litellm_disabled_callbacks", "otel_span_scope",
    ];

    /// <summary>A body of <c>callback_name</c>, <c>callback_type</c> and <c>callback_vars</c>.</summary>
    public static (TeamCallback? Callback, ProxyError? Error) Read(FieldReader fields)
    {
        var name = fields.RequiredText("callback_name");
        var type = ReadType(fields);
        if (fields.Presence(VarsField) != FieldPresence.Present) fields.Fault(VarsField, $"'{VarsField}' is required.");
        var vars = ReadVars(fields);

        if (fields.Error is { } fault) return (null, fault);
        return FindRefusal(name!, vars) is { } refusal ? (null, refusal) : (Build(name!, type, vars), null);
    }

    /// <summary>The callbacks that a client put into <c>metadata.logging</c> or <c>metadata.callback_settings</c>.</summary>
    public static (IReadOnlyList<TeamCallback> Callbacks, ProxyError? Error) ReadMetadata(JsonElement? metadata)
    {
        var callbacks = new List<TeamCallback>();
        if (metadata is not { } element) return (callbacks, null);

        var fields = new FieldReader(element);
        var error = AddLogging(fields, callbacks) ?? AddSettings(fields, callbacks) ?? fields.Error;
        return (callbacks, error);
    }

    /// <summary>Whether metadata says where calls are logged. Where it does not, an update leaves that as it is.</summary>
    public static bool IsStated(JsonElement? metadata) =>
        metadata is { } element && (element.TryGetProperty("logging", out _) || element.TryGetProperty("callback_settings", out _));

    private static ProxyError? AddLogging(FieldReader fields, List<TeamCallback> callbacks)
    {
        foreach (var item in fields.List("logging")?.EnumerateArray() ?? default)
        {
            if (item.ValueKind != JsonValueKind.Object) return Invalid("The entries of 'metadata.logging' must be objects.", "metadata");

            var (callback, error) = Read(new FieldReader(item));
            if (error is not null) return error;
            if (callbacks.Any(other => other.Name == callback!.Name && other.Type == callback.Type))
                return ProxyError.BadRequest($"'metadata.logging' names {callback} twice.", "metadata");

            callbacks.Add(callback!);
        }

        return null;
    }

    private static ProxyError? AddSettings(FieldReader fields, List<TeamCallback> callbacks)
    {
        if (fields.Object("callback_settings") is not { } element) return null;

        var settings = new FieldReader(element);
        var success = settings.TextList("success_callback") ?? [];
        var failure = settings.TextList("failure_callback") ?? [];
        var vars = ReadVars(settings);
        if (settings.Error is { } fault) return fault;

        foreach (var name in success.Union(failure))
        {
            if (FindRefusal(name, vars) is { } refusal) return refusal;

            var type = !failure.Contains(name) ? CallbackType.Success
                : !success.Contains(name) ? CallbackType.Failure
                : CallbackType.SuccessAndFailure;
            if (!callbacks.Any(other => other.Name == name && other.Type == type)) callbacks.Add(Build(name, type, vars));
        }

        return null;
    }

    private static CallbackType ReadType(FieldReader fields)
    {
        if (fields.Text("callback_type") is not { } text) return CallbackType.SuccessAndFailure;
        if (TeamCallback.FindType(text) is { } type) return type;

        fields.Fault("callback_type", "'callback_type' must be 'success', 'failure' or 'success_and_failure'.");
        return default;
    }

    private static Dictionary<string, string> ReadVars(FieldReader fields)
    {
        var vars = new Dictionary<string, string>(StringComparer.Ordinal);
        if (fields.Object(VarsField) is not { } element) return vars;

        var reader = new FieldReader(element);
        foreach (var property in element.EnumerateObject())
        {
            if (!AllowedVars.Contains(property.Name))
            {
                var name = property.Name.Length > 64 ? property.Name[..64] : property.Name;
                fields.Fault(VarsField, $"Invalid callback variable: {name}. Must be one of {string.Join(", ", AllowedVars)}.");
            }
            else if (property.Value.ValueKind != JsonValueKind.String)
            {
                fields.Fault(VarsField, $"The callback variable '{property.Name}' must be a string.");
            }
            else if (reader.Text(property.Name, maxLength: 1024) is { } text)
            {
                vars[property.Name] = text.Trim();
            }
        }

        if (reader.Error is { } fault) fields.Fault(VarsField, fault.Message);
        return vars;
    }

    private static ProxyError? FindRefusal(string name, Dictionary<string, string> vars)
    {
        if (!TeamCallback.KnownNames.Contains(name))
            return ProxyError.BadRequest($"Unknown callback_name. Known callbacks are: {string.Join(", ", TeamCallback.KnownNames)}.", "callback_name");

        foreach (var (key, value) in vars)
        {
            if (value.StartsWith("os.environ/", StringComparison.OrdinalIgnoreCase))
                return Refuse($"The callback variable '{key}' must hold the value itself: the environment of the server cannot be read through the API.");
            if (value == CallbackView.Masked)
                return Refuse($"The callback variable '{key}' holds the mask that is shown instead of the secret, not the secret.");
        }

        return FindLangfuseRefusal(vars);
    }

    private static ProxyError? FindLangfuseRefusal(Dictionary<string, string> vars)
    {
        if (!vars.ContainsKey("langfuse_public_key")) return Refuse("The callback 'langfuse' needs the variable 'langfuse_public_key'.");
        if (!vars.ContainsKey("langfuse_secret_key") && !vars.ContainsKey("langfuse_secret"))
            return Refuse("The callback 'langfuse' needs the variable 'langfuse_secret_key' or 'langfuse_secret'.");

        return vars.TryGetValue("langfuse_host", out var host) && FindHost(host) is null
            ? Refuse("The callback variable 'langfuse_host' must be an absolute http or https URL without user, query and fragment.")
            : null;
    }

    private static TeamCallback Build(string name, CallbackType type, Dictionary<string, string> vars)
    {
        var own = new Dictionary<string, string>(vars, StringComparer.Ordinal);
        if (own.TryGetValue("langfuse_host", out var host)) own["langfuse_host"] = FindHost(host)!;
        return new TeamCallback(name, type, own);
    }

    /// <returns>The host as an absolute URL without a slash at its end, or null when it is none.</returns>
    private static string? FindHost(string text)
    {
        var withScheme = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        return Uri.TryCreate(withScheme, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri is { UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 }
            && !text.AsSpan().ContainsAny('@', '?', '#')
            ? uri.GetLeftPart(UriPartial.Path).TrimEnd('/')
            : null;
    }

    private static ProxyError Refuse(string message) => ProxyError.BadRequest(message, VarsField);

    private static ProxyError Invalid(string message, string field) => new(422, ProxyError.InvalidRequest, message, field);
}
