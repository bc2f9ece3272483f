using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Proxy.Management.Bodies;

/// <summary>What the value of a field must be.</summary>
public enum DetailShape
{
    Text,
    Flag,
    Count,
    Dollars,
#pragma warning disable CA1720 // It is JSON's word.
    Object,
#pragma warning restore CA1720
    List,
    TextList,

    /// <summary>A text such as <c>30d</c>.</summary>
    Duration,

    /// <summary>A text with a date and a time.</summary>
    Moment,

    /// <summary>Whatever JSON has.</summary>
    Any,
}

/// <summary>A field of a body. Those that stand in a list of details are checked, kept and shown, but no rule reads them from a column of their own.</summary>
/// <param name="Name">As clients write it.</param>
/// <param name="Shape">What its value must be.</param>
/// <param name="Default">The JSON that stands for an absent or null one.</param>
public sealed record DetailField(string Name, DetailShape Shape, string Default = "null")
{
    /// <summary>Reads the fields into one JSON object.</summary>
    internal static string Read(FieldReader fields, ReadOnlySpan<DetailField> details)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var detail in details)
            {
                json.WritePropertyName(detail.Name);
                detail.Write(fields, json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>The details after an update: what is stated applies, null clears, what is absent stays.</summary>
    internal static string Update(FieldReader fields, ReadOnlySpan<DetailField> details, string current)
    {
        var stated = JsonNode.Parse(Read(fields, details))!.AsObject();
        var updated = JsonNode.Parse(current)!.AsObject();
        foreach (var detail in details)
        {
            if (fields.Presence(detail.Name) != FieldPresence.Absent || !updated.ContainsKey(detail.Name))
                updated[detail.Name] = stated[detail.Name]?.DeepClone();
        }

        return updated.ToJsonString();
    }

    /// <summary>The metadata after an update, which replaces it whole when it is stated.</summary>
    internal static string UpdateMetadata(FieldReader fields, string current, string details, ReadOnlySpan<string> belonging)
    {
        var stored = fields.Object("metadata") is { } stated ? JsonNode.Parse(Metadata(stated, "{}", []))!.AsObject()
            : fields.Presence("metadata") == FieldPresence.Null ? []
            : JsonNode.Parse(current)!.AsObject();
        var values = JsonNode.Parse(details)!.AsObject();
        foreach (var name in belonging)
        {
            if (fields.Presence(name) == FieldPresence.Null) stored.Remove(name);
            else if (fields.Presence(name) == FieldPresence.Present) stored[name] = values[name]?.DeepClone();
        }

        return stored.ToJsonString();
    }

    /// <summary>The metadata to store: without callbacks, which are kept encrypted, and with those fields that belong into it.</summary>
    internal static string Metadata(JsonElement? metadata, string details, ReadOnlySpan<string> belonging)
    {
        var stored = metadata is { } element ? JsonObject.Create(element)! : [];
        stored.Remove("logging");
        stored.Remove("callback_settings");

        var fields = JsonNode.Parse(details)!.AsObject();
        foreach (var name in belonging)
        {
            if (fields[name] is { } value) stored[name] = value.DeepClone();
        }

        return stored.ToJsonString();
    }

    private void Write(FieldReader fields, Utf8JsonWriter json)
    {
        switch (Shape)
        {
            case DetailShape.Text or DetailShape.Duration or DetailShape.Moment when fields.Text(Name) is { } text:
                json.WriteStringValue(text);
                break;
            case DetailShape.Flag when fields.Flag(Name) is { } flag:
                json.WriteBooleanValue(flag);
                break;
            case DetailShape.Count when fields.Count(Name) is { } count:
                json.WriteNumberValue(count);
                break;
            case DetailShape.Dollars when fields.Dollars(Name) is { } dollars:
                json.WriteNumberValue(dollars);
                break;
            case DetailShape.Object when fields.Object(Name) is { } element:
                element.WriteTo(json);
                break;
            case DetailShape.List when fields.List(Name) is { } element:
                element.WriteTo(json);
                break;
            case DetailShape.TextList when fields.TextList(Name) is { } texts:
                json.WriteStartArray();
                foreach (var text in texts) json.WriteStringValue(text);
                json.WriteEndArray();
                break;
            default:
                json.WriteRawValue(Default);
                break;
        }
    }
}
