using System.ClientModel;
using System.Text;
using OpenAI;
using OpenAI.Chat;

namespace Proxy.Tests.Clients;

/// <summary>The scenarios with OpenAI's official client for .NET.</summary>
internal sealed class OpenAiDotNetClient(Uri gateway, string key)
{
    private readonly OpenAIClient _client = new(new ApiKeyCredential(key), new OpenAIClientOptions
    {
        Endpoint = new Uri(gateway, "v1"),
        RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
    });

    public async Task<string> RunAsync(string provider, string scenario)
    {
        var chat = _client.GetChatClient($"{provider}/{scenario}");
        try
        {
            return scenario switch
            {
                "stream" or "cut stream" => await StreamAsync(chat, scenario),
                "tools" => await UseToolsAsync(chat),
                "image" => Words(await chat.CompleteChatAsync([new UserChatMessage(
                    ChatMessageContentPart.CreateTextPart("What?"), ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(Convert.FromBase64String(Scenarios.Picture)), "image/png"))])),
#pragma warning disable OPENAI001 // Files and the effort are for evaluation only, says their author.
                "document" => Words(await chat.CompleteChatAsync([new UserChatMessage(
                    ChatMessageContentPart.CreateTextPart("What?"), ChatMessageContentPart.CreateFilePart(BinaryData.FromBytes(Convert.FromBase64String(Scenarios.Document)), "application/pdf", "a.pdf"))])),
                "thinking" => "hm | " + Words(await chat.CompleteChatAsync(["Why?"], new ChatCompletionOptions { MaxOutputTokenCount = 9000, ReasoningEffortLevel = ChatReasoningEffortLevel.Low })),
#pragma warning restore OPENAI001
                "refusal" => Refusal(await chat.CompleteChatAsync("Bad")),
                _ => Told(await chat.CompleteChatAsync("Hi")),
            };
        }
        catch (ClientResultException exception) when (exception.Status == 429)
        {
            return "RateLimitError 429";
        }
    }

    private static string Words(ClientResult<ChatCompletion> completion) => string.Concat(completion.Value.Content.Select(part => part.Text));

    private static string Told(ClientResult<ChatCompletion> completion) =>
        $"{Words(completion)} | in {completion.Value.Usage.InputTokenCount} out {completion.Value.Usage.OutputTokenCount}";

    private static string Refusal(ChatCompletion completion)
    {
        if (completion.Refusal is { } refusal) return $"refused: {refusal}";
        return completion.FinishReason == ChatFinishReason.ContentFilter ? $"refused: {completion.Content[0].Text}" : "answered";
    }

    private static async Task<string> StreamAsync(ChatClient chat, string scenario)
    {
        var words = new StringBuilder();
        ChatTokenUsage? usage = null;
        try
        {
            await foreach (var update in chat.CompleteChatStreamingAsync("Hi"))
            {
                foreach (var part in update.ContentUpdate) words.Append(part.Text);
                usage = update.Usage ?? usage;
            }
        }
        catch (Exception) when (scenario == "cut stream")
        {
            return $"{words} | cut";
        }

        return scenario == "stream" ? $"{words} | in {usage!.InputTokenCount} out {usage.OutputTokenCount}" : $"{words} | whole";
    }

    private static async Task<string> UseToolsAsync(ChatClient chat)
    {
        var schema = BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}""");
        var options = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("weather", null, schema), ChatTool.CreateFunctionTool("now", null, schema) } };
        List<ChatMessage> messages = [new UserChatMessage("Weather and time?")];
        ChatCompletion first = await chat.CompleteChatAsync(messages, options);

        messages.Add(new AssistantChatMessage(first));
        messages.AddRange(first.ToolCalls.Select(call => new ToolChatMessage(call.Id, call.FunctionName == "now" ? "12" : "rain")));
        var last = await chat.CompleteChatAsync(messages, options);
        return $"{string.Join(", ", first.ToolCalls.Select(call => $"{call.FunctionName} {call.FunctionArguments}"))} | {Words(last)}";
    }
}
