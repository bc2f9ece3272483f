using System.Text.Json;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Callbacks;

/// <summary>Reads callbacks out of bodies and says what is wrong with them.</summary>
internal static class CallbackRules
{
    private const string VarsField = "callback_vars";

    /// <summary>A body of <c>callback_name</c>, <c>callback_type</c> and <c>callback_vars</c>.</summary>
    public static (TeamCallback? Callback, ProxyError? Error) Read(FieldReader fields, bool isByAdmin)
    {
        var name = fields.RequiredText("callback_name");
        var type = ReadType(fields);
        if (fields.Presence(VarsField) != FieldPresence.Present) fields.Fault(VarsField, $"'{VarsField}' is required.");
        var vars = ReadVars(fields);

        if (fields.Error is { } fault) return (null, fault);
        return FindRefusal(name!, vars) is { } refusal ? (null, refusal) : (Build(name!, type, vars, isByAdmin), null);
    }

    /// <summary>The callbacks that a client put into <c>metadata.logging</c> or <c>metadata.callback_settings</c>.</summary>
    /// <param name="metadata">The metadata of a new key or team.</param>
    /// <param name="isByAdmin">Whether an admin of the gateway says it: then places in private networks are trusted.</param>
    public static (IReadOnlyList<TeamCallback> Callbacks, ProxyError? Error) ReadMetadata(JsonElement? metadata, bool isByAdmin)
    {
        var callbacks = new List<TeamCallback>();
        if (metadata is not { } element) return (callbacks, null);

        var fields = new FieldReader(element);
        var error = AddLogging(fields, callbacks, isByAdmin) ?? AddSettings(fields, callbacks, isByAdmin) ?? fields.Error;
        return (callbacks, error);
    }

    /// <summary>Whether metadata says where calls are logged. Where it does not, an update leaves that as it is.</summary>
    public static bool IsStated(JsonElement? metadata) =>
        metadata is { } element && (element.TryGetProperty("logging", out _) || element.TryGetProperty("callback_settings", out _));

    private static ProxyError? AddLogging(FieldReader fields, List<TeamCallback> callbacks, bool isByAdmin)
    {
        foreach (var item in fields.List("logging")?.EnumerateArray() ?? default)
        {
            if (item.ValueKind != JsonValueKind.Object) return Invalid("The entries of 'metadata.logging' must be objects.", "metadata");

            var (callback, error) = Read(new FieldReader(item), isByAdmin);
            if (error is not null) return error;
            if (callbacks.Any(callback!.Repeats))
                return ProxyError.BadRequest($"'metadata.logging' names {callback} twice.", "metadata");

            callbacks.Add(callback);
        }

        return null;
    }

    private static ProxyError? AddSettings(FieldReader fields, List<TeamCallback> callbacks, bool isByAdmin)
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
            var callback = Build(name, type, vars, isByAdmin);
            if (!callbacks.Any(callback.Repeats)) callbacks.Add(callback);
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
            if (!CallbackNeeds.Vars.Contains(property.Name))
            {
                var name = property.Name.Length > 64 ? property.Name[..64] : property.Name;
                fields.Fault(VarsField, $"Invalid callback variable: {name}. Must be one of {string.Join(", ", CallbackNeeds.Vars)}.");
            }
            else if (property.Value.ValueKind != JsonValueKind.String)
            {
                fields.Fault(VarsField, $"The callback variable '{property.Name}' must be a string.");
            }
            else if (reader.Text(property.Name, maxLength: CallbackNeeds.MaxVarLength) is { } text)
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

        return CallbackNeeds.FindFault(name, vars) is { } fault ? Refuse(fault) : null;
    }

    private static TeamCallback Build(string name, CallbackType type, Dictionary<string, string> vars, bool isByAdmin) =>
        new(name, type, CallbackNeeds.WithAbsoluteUrls(vars)) { IsByAdmin = isByAdmin };

    private static ProxyError Refuse(string message) => ProxyError.BadRequest(message, VarsField);

    private static ProxyError Invalid(string message, string field) => new(422, ProxyError.InvalidRequest, message, field);
}
