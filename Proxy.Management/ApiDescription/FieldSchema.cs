using System.Text.Json.Nodes;
using Proxy.Management.Bodies;
using Proxy.Management.Storage;

namespace Proxy.Management.ApiDescription;

/// <summary>A field as JSON Schema has it, with the bounds that its reader keeps.</summary>
internal static class FieldSchema
{
    public static JsonObject Of(DetailField field, bool isRequired)
    {
        var schema = Of(field.Shape);
        if (!isRequired && schema["type"]?.GetValue<string>() is { } type) schema["type"] = new JsonArray(type, "null");
        if (FieldWords.Find(field.Name) is { } word)
        {
            schema["description"] = word.Text;
            schema["examples"] = new JsonArray(JsonNode.Parse(word.Example));
        }

        if (field.Default != "null") schema["default"] = JsonNode.Parse(field.Default);
        return schema;
    }

    private static JsonObject Of(DetailShape shape) => shape switch
    {
        DetailShape.Flag => new JsonObject { ["type"] = "boolean" },
        DetailShape.Count => new JsonObject { ["type"] = "integer", ["minimum"] = 0 },
        DetailShape.Dollars => new JsonObject { ["type"] = "number", ["minimum"] = 0, ["maximum"] = Money.Max },
        DetailShape.Object => new JsonObject { ["type"] = "object" },
        DetailShape.List => new JsonObject { ["type"] = "array", ["items"] = new JsonObject(), ["maxItems"] = FieldReader.MaxListLength },
        DetailShape.TextList => new JsonObject { ["type"] = "array", ["items"] = Text(), ["maxItems"] = FieldReader.MaxListLength },
        DetailShape.Moment => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
        DetailShape.Any => [],
        _ => Text(),
    };

    private static JsonObject Text() => new() { ["type"] = "string", ["maxLength"] = FieldReader.MaxTextLength };
}
