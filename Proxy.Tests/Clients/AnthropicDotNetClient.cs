using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace Proxy.Tests.Clients;

/// <summary>The scenarios with Anthropic's official client for .NET.</summary>
internal sealed class AnthropicDotNetClient(Uri gateway, string key) : IDisposable
{
    private const string Tools = """[{"name":"weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}},{"name":"now","input_schema":{"type":"object"}}]""";

    private readonly AnthropicClient _client = new() { ApiKey = key, BaseUrl = gateway.ToString().TrimEnd('/'), MaxRetries = 0 };

    public async Task<string> RunAsync(string provider, string scenario)
    {
        var model = $"{provider}/{scenario}";
        try
        {
            switch (scenario)
            {
                case "stream" or "cut stream":
                    return await StreamAsync(model, scenario);
                case "tools":
                    return await UseToolsAsync(model);
                case "image":
                    return Words(await AskAsync(model, $$$"""[{"type":"text","text":"What?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{Scenarios.Picture}}}"}}]"""));
                case "document":
                    return Words(await AskAsync(model, $$$"""[{"type":"text","text":"What?"},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"{{{Scenarios.Document}}}"}}]"""));
                case "thinking":
                    var thought = await AskAsync(model, "\"Why?\"", """,{"thinking":{"type":"enabled","budget_tokens":2048},"max_tokens":9000}"""[1..]);
                    return $"{string.Concat(thought.Content.Select(block => block.TryPickThinking(out var thinking) ? thinking.Thinking : ""))} | {Words(thought)}";
                case "refusal":
                    var refused = await AskAsync(model, "\"Bad\"");
                    return refused.StopReason?.Value() == StopReason.Refusal ? $"refused: {Words(refused)}" : "answered";
                default:
                    var message = await AskAsync(model, "\"Hi\"");
                    return $"{Words(message)} | in {message.Usage.InputTokens} out {message.Usage.OutputTokens}";
            }
        }
        catch (AnthropicRateLimitException)
        {
            return "RateLimitError 429";
        }
    }

    public void Dispose() => _client.Dispose();

    private static string Words(Message message) => string.Concat(message.Content.Select(block => block.TryPickText(out var text) ? text.Text : ""));

    private static MessageCreateParams Parameters(string model, JsonArray messages, string more = "{}")
    {
        var body = new JsonObject { ["model"] = model, ["max_tokens"] = 99, ["messages"] = messages.DeepClone() };
        foreach (var (name, value) in JsonNode.Parse(more)!.AsObject()) body[name] = value!.DeepClone();
        var fields = JsonDocument.Parse(body.ToJsonString()).RootElement.EnumerateObject().ToDictionary(field => field.Name, field => field.Value);
        return MessageCreateParams.FromRawUnchecked(new Dictionary<string, JsonElement>(), new Dictionary<string, JsonElement>(), fields);
    }

    private static JsonArray User(string content) => [JsonNode.Parse($$"""{"role":"user","content":{{content}}}""")];

    private Task<Message> AskAsync(string model, string content, string more = "{}") => _client.Messages.Create(Parameters(model, User(content), more));

    private async Task<string> StreamAsync(string model, string scenario)
    {
        var words = new StringBuilder();
        var usage = "";
        try
        {
            await foreach (var part in _client.Messages.CreateStreaming(Parameters(model, User("\"Hi\""))))
            {
                if (part.TryPickContentBlockDelta(out var piece) && piece.Delta.TryPickText(out var text)) words.Append(text.Text);
                if (part.TryPickStart(out var start) && start.Message.Usage.InputTokens > 0) usage = $"in {start.Message.Usage.InputTokens}";
                if (part.TryPickDelta(out var delta)) usage = $"in {delta.Usage.InputTokens ?? start?.Message.Usage.InputTokens ?? 9} out {delta.Usage.OutputTokens}";
            }
        }
        catch (Exception) when (scenario == "cut stream")
        {
            return $"{words} | cut";
        }

        return scenario == "stream" ? $"{words} | {usage}" : $"{words} | whole";
    }

    private async Task<string> UseToolsAsync(string model)
    {
        var messages = User("\"Weather and time?\"");
        var first = await _client.Messages.Create(Parameters(model, messages, $$"""{"tools":{{Tools}}}"""));
        var calls = first.Content.Select(block => block.TryPickToolUse(out var call) ? call : null).OfType<ToolUseBlock>().ToList();

        messages.Add(JsonNode.Parse($$"""{"role":"assistant","content":{{JsonSerializer.Serialize(first.Content)}}}"""));
        messages.Add(JsonNode.Parse($$"""{"role":"user","content":[{{string.Join(",", calls.Select(call => $$"""{"type":"tool_result","tool_use_id":"{{call.ID}}","content":"{{(call.Name == "now" ? "12" : "rain")}}"}"""))}}]}"""));
        var last = await _client.Messages.Create(Parameters(model, messages, $$"""{"tools":{{Tools}}}"""));
        return $"{string.Join(", ", calls.Select(call => $"{call.Name} {Plain(call.Input)}"))} | {Words(last)}";
    }

    private static string Plain(IReadOnlyDictionary<string, JsonElement> input) =>
        "{" + string.Join(",", input.Select(field => $"\"{field.Key}\":\"{field.Value.GetString()}\"")) + "}";
}
