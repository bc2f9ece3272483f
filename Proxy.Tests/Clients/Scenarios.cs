using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Proxy.Tests.Clients.Formats;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients;

/// <summary>What clients do at providers, and what they must make of it. A model's name is its provider and its scenario.</summary>
internal static class Scenarios
{
    public const string Picture = "iVBORw0KGgo=";

    /// <summary>The beginning of a PDF.</summary>
    public const string Document = "JVBERi0=";

    /// <summary>One of each format; <c>responses</c> speaks OpenAI's Responses API alone.</summary>
    public static readonly string[] Providers = ["openai", "azure", "anthropic", "responses", "gemini", "bedrock"];

    /// <summary>Each scenario with the result that its client must come to.</summary>
    public static readonly (string Name, string Result)[] All =
    [
        ("chat", "Hello ✓ | in 9 out 4"),
        ("stream", "One, two ✓ | in 9 out 2"),
        ("tools", """weather {"city":"Köln"}, now {} | 12 and rain"""),
        ("image", "a picture"),
        ("document", "a document"),
        ("thinking", "hm | So."),
        ("refusal", "refused: I will not."),
        ("rate limit", "RateLimitError 429"),
        ("cut stream", "One, | cut"),
    ];

    /// <summary>Answers as the provider whose path is called; a request that lost something is refused.</summary>
    public static Task AnswerAsync(HttpContext context, ProviderCall call)
    {
        if (call.Path.Contains("/audio/")) return AudioScenarios.AnswerAsync(context, call);

        var format = ProviderFormat.Of(call.Path);
        var scenario = format.ScenarioOf(call);
        if (Lost(scenario, call, format) is { } lost) return FakeProvider.Json(context, format.Error($"{lost} was lost: {call.Body.Replace('"', '\'')}", "invalid_request_error"), 400);
        if (scenario == "rate limit") return FakeProvider.Json(context, format.Error("Slow down", "requests"), 429);
        if (scenario is "stream" or "cut stream") return StreamAsync(context, format, isCut: scenario == "cut stream");

        return FakeProvider.Json(context, Answer(scenario, call.Json, format));
    }

    private static string? Lost(string scenario, ProviderCall call, ProviderFormat format) => scenario switch
    {
        "image" when !call.Body.Contains(Picture) || !call.Body.Contains("png") => "The picture",
        "document" when !call.Body.Contains(Document) || !call.Body.Contains("pdf") => "The document",
        "thinking" when !call.Body.Contains(format.Effort) => "The effort",
        "tools" when !call.Body.Contains("\"weather\"") || !call.Body.Contains("\"now\"") => "A tool",
        "tools" when format.HasResults(call.Json) && (!call.Body.Contains("rain") || !call.Body.Contains("\"12\"") || !call.Body.Contains("\\\"city\\\"") && !call.Body.Contains("\"city\"")) => "A result",
        _ => null,
    };

    private static string Answer(string scenario, JsonObject asked, ProviderFormat format) => scenario switch
    {
        "tools" when !format.HasResults(asked) => format.Calls,
        "tools" => format.Words("12 and rain"),
        "thinking" => format.Thought,
        "refusal" => format.Refusal,
        "image" => format.Words("a picture"),
        "document" => format.Words("a document"),
        _ => format.Words("Hello ✓"),
    };

    private static async Task StreamAsync(HttpContext context, ProviderFormat format, bool isCut)
    {
        context.Response.ContentType = format.StreamType;
        foreach (var piece in format.Stream())
        {
            await context.Response.Body.WriteAsync(piece);
            await context.Response.Body.FlushAsync();

            // A cut that looks like an end is the worst kind.
            if (isCut && Encoding.UTF8.GetString(piece).Contains("One,")) return;
        }
    }
}
