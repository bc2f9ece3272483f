using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;

namespace Proxy.Management.ApiDescription;

/// <summary>The API as an OpenAPI 3.1 document, from what is mapped and what is described.</summary>
internal static class OpenApiWriter
{
    private const string ErrorExample =
        """{"error":{"message":"'max_budget' must be an amount from 0 to 9000000 dollars.","type":"invalid_request_error","param":"max_budget","code":"422"}}""";

    public static JsonObject Write(EndpointDescriptions descriptions, IEnumerable<RouteEndpoint> endpoints)
    {
        var paths = new JsonObject();
        foreach (var (description, endpoint) in Pair(descriptions, endpoints))
        {
            if (paths[description.Path] is not JsonObject path) paths[description.Path] = path = [];
            path[description.Method.ToLowerInvariant()] = Operation(description, endpoint);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "Proxy",
                ["version"] = typeof(OpenApiWriter).Assembly.GetName().Version?.ToString(3),
                ["description"] = "An LLM gateway: calls of the usual APIs, and the management of keys, teams, budgets and logs. Unknown fields of a body are ignored.",
            },
            ["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
                ["schemas"] = new JsonObject { ["Error"] = ErrorSchema() },
                ["responses"] = new JsonObject { ["Refusal"] = Response("A sentence that says what is wrong.", Reference("schemas/Error"), JsonNode.Parse(ErrorExample)) },
            },
        };
    }

    /// <summary>What is mapped by itself; and calls, which many paths of the operator's own lead to, as they are described.</summary>
    private static IEnumerable<(EndpointDescription Description, RouteEndpoint? Endpoint)> Pair(
        EndpointDescriptions descriptions, IEnumerable<RouteEndpoint> endpoints)
    {
        var mapped = new Dictionary<EndpointDescription, RouteEndpoint>();
        foreach (var endpoint in endpoints)
        {
            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            {
                if (descriptions.Find(method, endpoint.RoutePattern.RawText) is { } description) mapped.TryAdd(description, endpoint);
            }
        }

        return descriptions.All
            .Where(description => description.IsOpen || mapped.ContainsKey(description))
            .OrderBy(description => description.Path, StringComparer.Ordinal)
            .Select(description => (description, mapped.GetValueOrDefault(description)));
    }

    private static JsonObject Operation(EndpointDescription description, RouteEndpoint? endpoint)
    {
        var words = description.Path.Split(['/', '{', '}', '_', '-'], StringSplitOptions.RemoveEmptyEntries);
        var operation = new JsonObject
        {
            ["operationId"] = description.Method.ToLowerInvariant() + string.Concat(words.Select(word => char.ToUpperInvariant(word[0]) + word[1..])),
            ["summary"] = description.Summary,
            ["tags"] = new JsonArray(words is ["v1" or "v2", { } second, ..] ? second : words.FirstOrDefault("docs")),
        };
        if (endpoint?.Metadata.GetMetadata<AccessPolicy>()?.Rule == AccessRule.Public) operation["security"] = new JsonArray();

        var parameters = PathParameters(description).Concat(QueryParameters.Of(description, endpoint).Select(QueryParameter)).ToArray();
        if (parameters.Length > 0) operation["parameters"] = new JsonArray(parameters);
        if (description.Fields.Any()) operation["requestBody"] = RequestBody(description);
        operation["responses"] = Responses(description);
        return operation;
    }

    private static IEnumerable<JsonNode?> PathParameters(EndpointDescription description) => description.Path.Split('{').Skip(1)
        .Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)])
        .Select(name => Parameter("path", new DetailField(name, DetailShape.Text), isRequired: true));

    private static JsonNode QueryParameter(DetailField field) => Parameter("query", field, isRequired: false);

    private static JsonObject Parameter(string place, DetailField field, bool isRequired) => new()
    {
        ["name"] = field.Name,
        ["in"] = place,
        ["required"] = isRequired,
        ["schema"] = FieldSchema.Of(field, isRequired: true),
        ["description"] = FieldWords.Find(field.Name)?.Text,
    };

    private static JsonObject RequestBody(EndpointDescription description)
    {
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(description.Fields.Select(field =>
                new KeyValuePair<string, JsonNode?>(field.Name, FieldSchema.Of(field, description.Required.Contains(field.Name))))),
        };
        if (description.Required.Count > 0) schema["required"] = new JsonArray([.. description.Required.Select(name => (JsonNode)name)]);
        return new JsonObject
        {
            ["required"] = description.Required.Count > 0,
            ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema, ["example"] = ExampleOf(description) } },
        };
    }

    public static JsonObject ExampleOf(EndpointDescription description) => new(description.Required.Concat(description.Shown).Distinct()
        .Select(name => new KeyValuePair<string, JsonNode?>(name, FieldWords.Find(name) is { } word ? JsonNode.Parse(word.Example) : null)));

    private static JsonObject Responses(EndpointDescription description)
    {
        var schema = description.Answer is { } answer ? AnswerSchema.Of(answer) : null;
        var example = description.AnswerExample is { } written ? JsonNode.Parse(written) : AnswerSchema.ExampleOf(schema);
        return new JsonObject
        {
            ["200"] = Response("Done.", schema ?? new JsonObject(), example, description.AnswerMediaType),
            ["4XX"] = Reference("responses/Refusal"),
            ["5XX"] = Reference("responses/Refusal"),
        };
    }

    private static JsonObject Response(string text, JsonNode schema, JsonNode? example, string mediaType = "application/json")
    {
        var content = new JsonObject { ["schema"] = schema };
        if (example is not null) content["example"] = example;
        return new JsonObject { ["description"] = text, ["content"] = new JsonObject { [mediaType] = content } };
    }

    private static JsonObject Reference(string component) => new() { ["$ref"] = $"#/components/{component}" };

    private static JsonObject ErrorSchema()
    {
        static JsonObject Property(string text, params string[] types) =>
            new() { ["type"] = types.Length == 1 ? types[0] : new JsonArray([.. types.Select(type => (JsonNode)type)]), ["description"] = text };

        var error = new JsonObject
        {
            ["message"] = Property("A sentence.", "string"),
            ["type"] = Property("What kind of fault.", "string"),
            ["param"] = Property("The field at fault.", "string", "null"),
            ["code"] = Property("The status, as a text.", "string"),
        };
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["error"] = new JsonObject { ["type"] = "object", ["properties"] = error } },
        };
    }
}
