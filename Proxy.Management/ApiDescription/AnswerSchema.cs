using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace Proxy.Management.ApiDescription;

/// <summary>An answer as JSON Schema has it, from the type that writes it, and an example with the values of the glossary.</summary>
internal static class AnswerSchema
{
    private const int MaxDepth = 6;

    public static JsonNode Of(JsonTypeInfo answer) => answer.GetJsonSchemaAsNode();

    public static JsonNode? ExampleOf(JsonNode? schema, string? name = null, int depth = 0)
    {
        if (name is not null && FieldWords.Find(name) is { } word) return JsonNode.Parse(word.Example);
        if (schema is not JsonObject shape || depth > MaxDepth) return null;
        if (shape["properties"] is JsonObject properties)
        {
            return new JsonObject(properties.Select(property =>
                new KeyValuePair<string, JsonNode?>(property.Key, ExampleOf(property.Value, property.Key, depth + 1))));
        }

        return TypeOf(shape) switch
        {
            "array" => ExampleOf(shape["items"], null, depth + 1) is { } item ? new JsonArray(item) : [],
            "object" => new JsonObject(),
            "string" => shape["format"]?.GetValue<string>() == "date-time" ? "2026-01-31T10:00:00Z" : "…",
            "integer" or "number" => 0,
            "boolean" => false,
            _ => null,
        };
    }

    private static string? TypeOf(JsonObject shape) => shape["type"] switch
    {
        JsonArray types => types[0]?.GetValue<string>(),
        JsonValue type when type.GetValueKind() == JsonValueKind.String => type.GetValue<string>(),
        _ => null,
    };
}
