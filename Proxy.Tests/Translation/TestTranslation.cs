using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Proxy.Host.Answers;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Host.Translation;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Tests.Translation;

/// <summary>One translated call outside of the gateway: its request, its answer, its stream.</summary>
internal sealed class TestTranslation : IDisposable
{
    private readonly CompletionRequest _request;
    private readonly TranslatedCall _call;

    private TestTranslation(string asked, ApiOperation operation, string provider, bool drops, string address, string api = "")
    {
        var bytes = Encoding.UTF8.GetBytes(asked);
        var rented = System.Buffers.ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(rented, 0);
        _request = new CompletionRequest(new RequestBody(rented, bytes.Length));
        RequestPeek.Read(_request).Should().BeNull();
        var deployment = Deployment.Read(
            new DestinationConfig { Address = address, Metadata = new Dictionary<string, string> { [Deployment.ProviderKey] = provider, [Deployment.SpokenApiKey] = api, [Deployment.ApiKeyKey] = "k", ["Region"] = "eu-west-1" } }, fault => throw new InvalidOperationException(fault))!;
        var translation = deployment.Dialect.TranslationOf(operation)!;
        Digest = new AnswerDigest();
        _call = new TranslatedCall(translation, _request, deployment, "upstream-model")
        {
            StartedAt = DateTimeOffset.FromUnixTimeSeconds(1_750_000_000),
            Losses = new Losses(drops, translation.Sent.Api.Name),
        };
    }

    public AnswerDigest Digest { get; }

    public Losses Losses => _call.Losses;

    public static TestTranslation ChatOnMessages(string asked, bool drops = false) => new(asked, ApiOperation.Chat, ProviderNames.Anthropic, drops, "https://api.anthropic.com");

    public static TestTranslation MessagesOnChat(string asked, bool drops = false, string address = "https://api.openai.com/v1") =>
        new(asked, ApiOperation.Messages, ProviderNames.OpenAi, drops, address);

    public static TestTranslation ChatOnResponses(string asked, bool drops = false) =>
        new(asked, ApiOperation.Chat, ProviderNames.OpenAi, drops, "https://api.openai.com/v1", Deployment.OnlyResponses);

    public static TestTranslation MessagesOnResponses(string asked, bool drops = false) =>
        new(asked, ApiOperation.Messages, ProviderNames.OpenAi, drops, "https://api.openai.com/v1", Deployment.OnlyResponses);

    public static TestTranslation MessagesOnConverse(string asked, bool drops = false) => new(asked, ApiOperation.Messages, ProviderNames.Bedrock, drops, "https://bedrock-runtime.eu-west-1.amazonaws.com");

    public static TestTranslation ChatOnConverse(string asked, bool drops = false) => new(asked, ApiOperation.Chat, ProviderNames.Bedrock, drops, "https://bedrock-runtime.eu-west-1.amazonaws.com");

    /// <summary>At a provider that speaks chat completions, or Messages.</summary>
    public static TestTranslation Responses(string asked, string provider = "mistral", bool drops = false)
    {
        var call = new TestTranslation(asked, ApiOperation.Response, provider, drops, "https://provider.example/v1");
        call._request.WantsUsage = true;
        return call;
    }

    /// <summary>The provider's request, which there must be.</summary>
    public JsonObject Request()
    {
        var body = _call.WriteRequest();
        Losses.Error.Should().BeNull();
        return JsonNode.Parse(body!.ReadAsStringAsync().GetAwaiter().GetResult())!.AsObject(); // into memory, so at once
    }

    /// <summary>The provider's request as it goes out; null when the call is refused, with a sentence.</summary>
    public async Task<JsonNode?> TryRequestAsync()
    {
        var body = _call.WriteRequest();
        (body is null).Should().Be(Losses.Error is not null);
        return body is null ? null : JsonNode.Parse(await body.ReadAsStringAsync());
    }

    /// <summary>The sentence with which the call is refused, which it must be.</summary>
    public string Refusal()
    {
        _call.WriteRequest().Should().BeNull();
        return Losses.Error!.Message;
    }

    /// <summary>The client's answer; null when the provider's is none.</summary>
    public JsonObject? Answer(string answer)
    {
        var bytes = Encoding.UTF8.GetBytes(answer);
        _call.Sent.Api.TryReadAnswer(bytes, Digest).Should().BeTrue();
        return _call.WriteAnswer(bytes, Digest) is { } translated ? JsonNode.Parse(translated.Span)!.AsObject() : null;
    }

    /// <summary>The client's stream, its end mark included.</summary>
    public async Task<string> StreamAsync(IEnumerable<byte[]> pieces)
    {
        var pipe = new System.IO.Pipelines.Pipe(new System.IO.Pipelines.PipeOptions(pauseWriterThreshold: 0));
        using var words = _call.Sent.Api.ReadEvents(_request, Digest);
        using var translator = _call.TranslateEvents(Digest);
        using var events = new EventBuffer(words, translator: translator);
        foreach (var piece in pieces)
        {
            for (var taken = 0; taken < piece.Length && !events.HasEnded && events.Fault is null;)
            {
                var free = events.Free();
                var count = Math.Min(free.Length, piece.Length - taken);
                piece.AsMemory(taken, count).CopyTo(free);
                taken += count;
                events.Advance(count, pipe.Writer);
            }
        }

        words.Complete();
        Fault = events.Fault;
        await pipe.Writer.CompleteAsync();
        using var reader = new StreamReader(pipe.Reader.AsStream());
        return await reader.ReadToEndAsync() + Encoding.UTF8.GetString(events.EndMark.Span);
    }

    public AnswerEnd? Fault { get; private set; }

    public void Dispose()
    {
        _call.Dispose();
        _request.Dispose();
    }

    public static void ShouldBe(JsonNode? actual, string expected) =>
        JsonNode.DeepEquals(actual, JsonNode.Parse(expected)).Should().BeTrue("it should be {0}, and was {1}", JsonNode.Parse(expected)?.ToJsonString(), actual?.ToJsonString());
}
