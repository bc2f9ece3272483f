using System.Text.Json;

namespace Proxy.Host.Providers.Demo;

/// <summary>As much of a call as the demo understands. The body was checked before it came here.</summary>
internal sealed record DemoRequest(string Model, bool IsStream, bool WantsUsage, string LastWords, int Inputs, int InputBytes)
{
    public static DemoRequest Read(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        using var json = JsonDocument.ParseValue(ref reader);
        var root = json.RootElement;

        var wantsUsage = root.TryGetProperty("stream_options", out var options) && options.ValueKind == JsonValueKind.Object
            && options.TryGetProperty("include_usage", out var usage) && usage.ValueKind == JsonValueKind.True;
        var isStream = root.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True;
        var model = root.TryGetProperty("model", out var name) ? name.GetString() ?? "" : "";
        var inputs = root.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.Array ? input.GetArrayLength() : 1;
        return new DemoRequest(model, isStream, wantsUsage, LastWordsOf(root), inputs, body.Length);
    }

    private static string LastWordsOf(JsonElement root)
    {
        if (root.TryGetProperty("prompt", out var prompt) && prompt.ValueKind == JsonValueKind.String) return prompt.GetString()!;
        if (!root.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array) return "";

        return messages.EnumerateArray().LastOrDefault() is { ValueKind: JsonValueKind.Object } last
            && last.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String ? content.GetString()! : "";
    }
}
