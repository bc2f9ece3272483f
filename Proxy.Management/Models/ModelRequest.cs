using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Models;

/// <summary>A model as a body states it.</summary>
internal sealed class ModelRequest
{
    private const int MaxKeyLength = 16 * 1024;
    private const int MaxAddressLength = 2048;
    private static readonly string[] Counts = ["order", "rpm", "tpm", "max_parallel_requests"];
    private static readonly string[] References = ["os.environ/", "env:", "file:"];

    private ModelRequest()
    {
    }

    public string? Id { get; private init; }

    public string? Name { get; private init; }

    /// <summary>Null where the body says nothing of it; a null in it clears a parameter.</summary>
    public JsonObject? Params { get; private init; }

    public JsonObject? Info { get; private init; }

    public static (ModelRequest? Request, ProxyError? Error) Read(FieldReader fields, bool isNew)
    {
        var name = isNew ? fields.RequiredText("model_name") : fields.Text("model_name");
        if (name?.Contains(',') == true) fields.FaultInValue("model_name", "'model_name' must not hold a comma.");

        var stated = fields.Object("litellm_params");
        if (isNew && stated is null && fields.Error is null) fields.Fault("litellm_params", "'litellm_params' is required.");
        if (stated is { } element) Check(new FieldReader(element), fields, isNew);

        var info = fields.Object("model_info");
        var details = info is { } known ? new FieldReader(known) : FieldReader.Empty();
        var id = details.Text("id") ?? fields.Text("id");
        if (details.Error is { } fault) fields.Fault("model_info", fault.Message);

        // It is the name of a destination, and part of paths.
        if (id?.Any(character => !char.IsAsciiLetterOrDigit(character) && character is not ('-' or '_' or '.')) == true)
            fields.FaultInValue("model_info", "The 'id' of a model holds letters, digits, '-', '_' and '.' only.");
        return fields.Error is { } error
            ? (null, error)
            : (new ModelRequest { Id = id, Name = name, Params = Node(stated), Info = Node(info) }, null);
    }

    /// <summary>What is stated applies, null clears, what is absent stays.</summary>
    public static string Merge(string current, JsonObject? stated)
    {
        if (stated is null) return current;

        var merged = JsonNode.Parse(current)!.AsObject();
        foreach (var (name, value) in stated)
        {
            if (value is null) merged.Remove(name);
            else merged[name] = value.DeepClone();
        }

        return merged.ToJsonString();
    }

    private static void Check(FieldReader fields, FieldReader body, bool isNew)
    {
        if (isNew) fields.RequiredText("model");
        else fields.Text("model");
        var texts = new[]
        {
            ("api_base", fields.Text("api_base", MaxAddressLength)), ("api_version", fields.Text("api_version")),
            ("custom_llm_provider", fields.Text("custom_llm_provider")), ("api_key", fields.Text("api_key", MaxKeyLength)),
            ("aws_access_key_id", fields.Text("aws_access_key_id")), ("aws_secret_access_key", fields.Text("aws_secret_access_key", MaxKeyLength)),
            ("aws_session_token", fields.Text("aws_session_token", MaxKeyLength)), ("aws_region_name", fields.Text("aws_region_name")),
        };
        foreach (var count in Counts) fields.Count(count);
        fields.TextList("tags");
        fields.Dollars("weight");
        fields.Dollars("input_cost_per_token");
        fields.Dollars("output_cost_per_token");
        foreach (var (name, text) in texts)
        {
            if (text is not null && References.Any(prefix => text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
                fields.FaultInValue(name, $"'{name}' must hold the value itself: the server's environment and files cannot be read through the API.");
            if (text == ModelView.Masked) fields.FaultInValue(name, $"'{name}' holds the mask that is shown instead of the secret, not the secret.");
        }

        if (fields.Error is not { } fault) return;

        if (fault.Status == 400) body.FaultInValue("litellm_params", fault.Message);
        else body.Fault("litellm_params", fault.Message);
    }

    private static JsonObject? Node(JsonElement? element) => element is { } value ? JsonObject.Create(value) : null;
}

/// <summary>Parameters as a reader may see them: every text that is not known to be harmless is masked.</summary>
public static class ModelView
{
    public const string Masked = "***";

    private static readonly string[] Harmless = ["model", "api_base", "api_version", "custom_llm_provider", "region_name", "aws_region_name"];

    public static JsonObject WithoutSecrets(string parameters)
    {
        var shown = JsonNode.Parse(parameters)!.AsObject();
        foreach (var name in shown.Select(entry => entry.Key).Where(name => !Harmless.Contains(name)).ToList())
        {
            if (name is "tags" || shown[name]?.GetValueKind() is null or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False) continue;

            shown[name] = Masked;
        }

        return shown;
    }
}
