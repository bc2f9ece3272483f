using System.ClientModel;
using FluentAssertions;
using NUnit.Framework;
using OpenAI;
using OpenAI.Audio;
using OpenAI.Chat;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>The official OpenAI SDK, unchanged but for endpoint and key.</summary>
internal sealed class OpenAiSdkTests : GatewayFixture
{
    private OpenAIClient _client = null!;

    [SetUp]
    public void CreateClient() => _client = ClientWith(Key);

    [Test]
    public async Task A_chat_is_answered()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello! How can I help?", prompt: 19, completion: 10));

        ChatCompletion completion = await _client.GetChatClient(Model).CompleteChatAsync("Hello!");

        completion.Content[0].Text.Should().Be("Hello! How can I help?");
        (completion.Usage.InputTokenCount, completion.Usage.OutputTokenCount).Should().Be((19, 10));
    }

    [Test]
    public async Task A_recording_is_written_down_and_a_text_is_spoken()
    {
        Provider.Answer = async (context, call) =>
        {
            if (call.Path.EndsWith("/speech", StringComparison.Ordinal)) await context.Response.Body.WriteAsync("sound"u8.ToArray());
            else await FakeProvider.Json(context, """{"text":"Hello!"}""");
        };
        var audio = _client.GetAudioClient(Model);

        AudioTranscription transcript = await audio.TranscribeAudioAsync(new MemoryStream("RIFF"u8.ToArray()), "Grüße.wav");
        BinaryData speech = await audio.GenerateSpeechAsync("Hello!", GeneratedSpeechVoice.Alloy);

        (transcript.Text, speech.ToString()).Should().Be(("Hello!", "sound"));
        (await Gateway.LedgerAsync()).Should().HaveCount(2).And.OnlyContain(row => row.Outcome == "Success");
    }

    [Test]
    public async Task A_chat_is_streamed()
    {
        Provider.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream("One", ", two", ", three."));

        var words = new List<string>();
        ChatFinishReason? reason = null;
        await foreach (var update in _client.GetChatClient(Model).CompleteChatStreamingAsync("Count to three."))
        {
            words.AddRange(update.ContentUpdate.Select(part => part.Text));
            reason ??= update.FinishReason;
        }

        string.Concat(words).Should().Be("One, two, three.");
        reason.Should().Be(ChatFinishReason.Stop);
    }

    [Test]
    public async Task A_tool_is_called()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.ToolCall("get_weather", """{"city":"Paris"}"""));
        var tool = ChatTool.CreateFunctionTool("get_weather", "The weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}"""));

        ChatCompletion completion = await _client.GetChatClient(Model).CompleteChatAsync([new UserChatMessage("Weather in Paris?")], new ChatCompletionOptions { Tools = { tool } });

        completion.FinishReason.Should().Be(ChatFinishReason.ToolCalls);
        completion.ToolCalls.Single().FunctionArguments.ToString().Should().Be("""{"city":"Paris"}""");
    }

    [Test]
    public async Task Text_is_embedded()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Embedding(0.25f, -0.5f));

        var embedding = await _client.GetEmbeddingClient(Model).GenerateEmbeddingAsync("The food was delicious");

        embedding.Value.ToFloats().ToArray().Should().Equal(0.25f, -0.5f);
    }

    [Test]
    public async Task Models_are_listed_as_the_key_may_use_them()
    {
        var restricted = ClientWith(await Gateway.CreateKeyAsync(new() { ["models"] = new System.Text.Json.Nodes.JsonArray("something-else") }));

        var all = await _client.GetOpenAIModelClient().GetModelsAsync();
        var none = await restricted.GetOpenAIModelClient().GetModelsAsync();

        all.Value.Select(model => model.Id).Should().Equal(Model);
        none.Value.Should().BeEmpty();
    }

    [Test]
    public async Task An_unknown_key_is_refused()
    {
        var call = () => ClientWith("sk-nobody-knows-this-key").GetChatClient(Model).CompleteChatAsync("Hello!");

        var refusal = (await call.Should().ThrowAsync<ClientResultException>()).Which;

        refusal.Status.Should().Be(401);
        refusal.Message.Should().Contain("token_not_found_in_db");
        Provider.Calls.Should().BeEmpty();
    }

    private OpenAIClient ClientWith(string key) => new(new ApiKeyCredential(key), new OpenAIClientOptions
    {
        Endpoint = new Uri(Gateway.Address, "v1"),
        RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
    });
}
