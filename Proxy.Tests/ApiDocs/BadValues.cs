using System.Text.Json.Nodes;
using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;

namespace Proxy.Tests.ApiDocs;

/// <summary>Values that no field of a shape may take, as JSON.</summary>
internal static class BadValues
{
    private static readonly string LongText = Quote(new string('x', 257));
    private static readonly string LongList = "[" + string.Join(',', Enumerable.Repeat("\"a\"", 1001)) + "]";
    private static readonly string LargeObject = $$"""{"a": "{{new string('x', 70_000)}}"}""";

    private static readonly string[] Texts = ["5", "true", "{}", "[]", LongText, """ "a\u0000b" """, """ "a\nb" """, """ "\u001b[31m" """];

    public static string[] Of(DetailShape shape) => shape switch
    {
        DetailShape.Flag => ["\"yes\"", "1", "{}", "[]", "\"\""],
        DetailShape.Count => ["-1", "1.5", "\"5\"", "true", "{}", "99999999999999999999", "1e400", "-9223372036854775809"],
        DetailShape.Dollars => ["-1", "-0.000001", "\"5\"", "true", "[]", "1e16", "1e400", "9000001"],
        DetailShape.Object => ["5", "\"x\"", "[]", "true", LargeObject, """{"a": ["\u0000"]}""", """{"\u0000": 1}"""],
        DetailShape.List => ["5", "\"x\"", "{}", "true", LongList, """["\u0000"]"""],
        DetailShape.TextList => ["5", "\"x\"", "{}", "[5]", "[null]", LongList, $"[{LongText}]", """["a\u0000"]""", """["a\nb"]"""],
        DetailShape.Duration => [.. Texts, "\"-1d\"", "\"abc\"", "\"3x\"", "\"99999999999d\"", "\"999999y\""],
        DetailShape.Moment => [.. Texts, "\"abc\"", "\"2026-13-45\""],
        DetailShape.Any => [LargeObject, """["\u0000"]"""],
        _ => Texts,
    };

    /// <summary>A body with these values, the rest of what is required being good.</summary>
    public static string Body(EndpointDescription description, IEnumerable<(string Name, string Json)> values)
    {
        var stated = values.ToDictionary(value => value.Name, value => value.Json, StringComparer.Ordinal);
        foreach (var (name, value) in OpenApiWriter.ExampleOf(description))
        {
            if (description.Required.Contains(name)) stated.TryAdd(name, value?.ToJsonString() ?? "null");
        }

        return "{" + string.Join(',', stated.Select(value => $"{Quote(value.Key)}: {value.Value}")) + "}";
    }

    public static string Quote(string text) => JsonValue.Create(text)!.ToJsonString();
}
