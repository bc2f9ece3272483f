using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Keys;

/// <summary>The metadata of a key, and those fields that stand in it too because clients look for them there: either way of saying them is the same.</summary>
/// <param name="Metadata">A JSON object; its limits, guardrails and tags are those in force.</param>
/// <param name="Details">The JSON object of the other fields, with the same limits, guardrails and tags.</param>
internal readonly record struct KeyMetadata(string Metadata, string Details)
{
    public static readonly KeyMetadata None = new("{}", "{}");

    private static readonly string[] Limits = ["model_tpm_limit", "model_rpm_limit"];
    private static readonly string[] Lists = ["guardrails", "tags"];

    /// <summary>As they are after a body. Metadata replaces what there was; a map of limits is merged into the one that was there, in which null ends a limit.</summary>
    public KeyMetadata Update(FieldReader fields)
    {
        KeyRules.Check(fields);
        var details = JsonNode.Parse(DetailField.Update(fields, KeyRequest.Details, Details))!.AsObject();
        var old = JsonNode.Parse(Metadata)!.AsObject();
        var metadata = fields.Object("metadata") is { } stated ? WithoutCallbacks(stated)
            : fields.Presence("metadata") == FieldPresence.Null ? []
            : old.DeepClone().AsObject();

        foreach (var name in Limits)
        {
            if (fields.Presence(name) == FieldPresence.Null) metadata.Remove(name);
            else if (fields.Object(name) is { } limits) metadata[name] = Merge(old[name] as JsonObject, limits);
        }

        foreach (var name in Lists)
        {
            if (fields.Presence(name) == FieldPresence.Null) metadata.Remove(name);
            else if (fields.TextList(name) is not null) metadata[name] = details[name]?.DeepClone();
        }

        AddIncrease(fields, metadata);
        foreach (var name in (string[])[.. Limits, .. Lists]) details[name] = metadata[name]?.DeepClone();
        return new KeyMetadata(metadata.ToJsonString(), details.ToJsonString());
    }

    private static JsonObject WithoutCallbacks(JsonElement metadata)
    {
        var kept = JsonObject.Create(metadata)!;
        kept.Remove("logging");
        kept.Remove("callback_settings");
        return kept;
    }

    private static JsonObject Merge(JsonObject? old, JsonElement stated)
    {
        var merged = old is null ? [] : old.DeepClone().AsObject();
        foreach (var limit in stated.EnumerateObject())
        {
            if (limit.Value.ValueKind == JsonValueKind.Null) merged.Remove(limit.Name);
            else merged[limit.Name] = JsonValue.Create(limit.Value);
        }

        return merged;
    }

    private static void AddIncrease(FieldReader fields, JsonObject metadata)
    {
        if (fields.Presence(TemporaryIncrease.AmountField) == FieldPresence.Null && fields.Presence(TemporaryIncrease.EndField) == FieldPresence.Null)
        {
            metadata.Remove(TemporaryIncrease.AmountField);
            metadata.Remove(TemporaryIncrease.EndField);
        }
        else if (fields.Dollars(TemporaryIncrease.AmountField) is { } amount && fields.Text(TemporaryIncrease.EndField) is { } end)
        {
            metadata[TemporaryIncrease.AmountField] = amount;
            metadata[TemporaryIncrease.EndField] = end;
        }
    }
}
