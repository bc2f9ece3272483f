using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Proxy.Host.Answers;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Providers.Bedrock;
using Proxy.Host.Requests;
using Proxy.Host.Translation;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Benchmarks;

/// <summary>What a call of 4 KB, with an answer of 4 KB or 20 events, costs more when its provider speaks another API. The goal: under 60 µs.</summary>
[MemoryDiagnoser]
public class TranslationBenchmark
{
    private static readonly string Words = string.Concat(Enumerable.Repeat("Words of a \\\"usual\\\" kind, 40 bytes each. ", 25));

    private static readonly byte[] Chat = Encoding.UTF8.GetBytes($$$$$"""
        {"model":"m","max_tokens":99,"temperature":0.5,"stream":true,"messages":[{"role":"system","content":"{{{{{Words}}}}}"},{"role":"user","content":"{{{{{Words}}}}}"},
        {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"{{{{{Words}}}}}"}],
        "tools":[{"type":"function","function":{"name":"f","description":"{{{{{Words}}}}}","parameters":{"type":"object","properties":{"a":{"type":"number"} } } } }]}
        """);

    private static readonly byte[] Messages = Encoding.UTF8.GetBytes($$$$$"""
        {"model":"m","max_tokens":99,"temperature":0.5,"stream":true,"system":"{{{{{Words}}}}}","messages":[{"role":"user","content":"{{{{{Words}}}}}"},
        {"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"{{{{{Words}}}}}"}]}],
        "tools":[{"name":"f","description":"{{{{{Words}}}}}","input_schema":{"type":"object","properties":{"a":{"type":"number"}}}}]}
        """);

    private static readonly byte[] Responses = Encoding.UTF8.GetBytes($$$$$"""
        {"model":"m","max_output_tokens":99,"temperature":0.5,"stream":true,"instructions":"{{{{{Words}}}}}","input":[{"role":"user","content":"{{{{{Words}}}}}"},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"c","output":"{{{{{Words}}}}}"}],
        "tools":[{"type":"function","name":"f","description":"{{{{{Words}}}}}","parameters":{"type":"object","properties":{"a":{"type":"number"} } } }]}
        """);

    private static readonly byte[] Message = Encoding.UTF8.GetBytes($$"""
        {"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"{{Words}}{{Words}}{{Words}}{{Words}}"}],"stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":9} }
        """);

    private static readonly byte[] Completion = Encoding.UTF8.GetBytes($$$$$"""
        {"id":"m","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{{{{Words}}}}}{{{{{Words}}}}}{{{{{Words}}}}}{{{{{Words}}}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":9}}
        """);

    private static readonly byte[] Response = Encoding.UTF8.GetBytes($$$$$"""
        {"id":"r","object":"response","status":"completed","model":"m","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"{{{{{Words}}}}}{{{{{Words}}}}}{{{{{Words}}}}}{{{{{Words}}}}}"}]}],"usage":{"input_tokens":9,"output_tokens":9}}
        """);

    private static readonly byte[] Converse = Encoding.UTF8.GetBytes($$$$$"""
        {"output":{"message":{"role":"assistant","content":[{"text":"{{{{{Words}}}}}{{{{{Words}}}}}{{{{{Words}}}}}{{{{{Words}}}}}"}]}},"stopReason":"end_turn","usage":{"inputTokens":9,"outputTokens":9}}
        """);

    private static readonly byte[] Delta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"a word\"}\n\n"u8.ToArray();
    private static readonly byte[] Framed = "data: {\"contentBlockDelta\":{\"contentBlockIndex\":0,\"delta\":{\"text\":\"a word\"},\"p\":\"abcdefgh\"}}\n\n"u8.ToArray();
    private static readonly byte[] Piece = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a word\"}}\n\n"u8.ToArray();
    private static readonly byte[] Chunk = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a word\"},\"finish_reason\":null}]}\n\n"u8.ToArray();

    private static readonly AwsKeys Keys = new("AKID", "secret", SessionToken: null, "eu-west-1");

    private readonly Deployment _openAi = Read("openai");
    private readonly Deployment _anthropic = Read("anthropic");
    private readonly Deployment _responses = Read("openai", "responses");
    private readonly Deployment _bedrock = Read("bedrock");
    private readonly AnswerDigest _digest = new();
    private CompletionRequest _chat = null!;
    private CompletionRequest _messages = null!;
    private CompletionRequest _response = null!;

    [GlobalSetup]
    public void Setup() => (_chat, _messages, _response) = (Request(Chat), Request(Messages), Request(Responses));

    [Benchmark(Baseline = true)]
    public long Untranslated() => _openAi.Dialect.Write(_chat, _openAi, ApiOperation.Chat, "upstream").Length;

    [Benchmark]
    public int ChatOnMessages() => Call(_chat, _anthropic, ApiOperation.Chat, Message);

    [Benchmark]
    public int MessagesOnChat() => Call(_messages, _openAi, ApiOperation.Messages, Completion);

    [Benchmark]
    public int ChatOnMessagesStreamed() => Stream(_chat, _anthropic, ApiOperation.Chat, Piece);

    [Benchmark]
    public int MessagesOnChatStreamed() => Stream(_messages, _openAi, ApiOperation.Messages, Chunk);

    [Benchmark]
    public int ChatOnResponses() => Call(_chat, _responses, ApiOperation.Chat, Response);

    [Benchmark]
    public int MessagesOnResponses() => Call(_messages, _responses, ApiOperation.Messages, Response);

    [Benchmark]
    public int MessagesOnConverse() => Call(_messages, _bedrock, ApiOperation.Messages, Converse);

    [Benchmark]
    public int ChatOnConverse() => Call(_chat, _bedrock, ApiOperation.Chat, Converse);

    [Benchmark]
    public int ResponsesOnConverse() => Call(_response, _bedrock, ApiOperation.Response, Converse);

    [Benchmark]
    public int ResponsesOnConverseStreamed() => Stream(_response, _bedrock, ApiOperation.Response, Framed);

    [Benchmark]
    public int ChatOnResponsesStreamed() => Stream(_chat, _responses, ApiOperation.Chat, Delta);

    [Benchmark]
    public int MessagesOnResponsesStreamed() => Stream(_messages, _responses, ApiOperation.Messages, Delta);

    [Benchmark]
    public int MessagesOnConverseStreamed() => Stream(_messages, _bedrock, ApiOperation.Messages, Framed);

    [Benchmark]
    public int ChatOnConverseStreamed() => Stream(_chat, _bedrock, ApiOperation.Chat, Framed);

    /// <summary>What Bedrock takes beside: a signature of the request.</summary>
    [Benchmark]
    public int Signature()
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude%3A0/converse");
        RequestSigner.Sign(message, content: null, SHA256.HashData(Messages), Keys, "bedrock", DateTimeOffset.UnixEpoch);
        return message.Headers.NonValidated.Count;
    }

    private static Deployment Read(string provider, string api = "") => Deployment.Read(
        new DestinationConfig { Address = "http://localhost/v1", Metadata = new Dictionary<string, string> { ["Provider"] = provider, ["Api"] = api, ["ApiKey"] = "k", ["Region"] = "eu-west-1" } }, fault => throw new InvalidOperationException(fault))!;

    private static CompletionRequest Request(byte[] body)
    {
        var rented = System.Buffers.ArrayPool<byte>.Shared.Rent(body.Length);
        body.CopyTo(rented, 0);
        var request = new CompletionRequest(new RequestBody(rented, body.Length));
        return RequestPeek.Read(request) is null ? request : throw new InvalidOperationException("The body cannot be read.");
    }

    private static TranslatedCall Begin(CompletionRequest request, Deployment deployment, ApiOperation operation)
    {
        var translation = deployment.Dialect.TranslationOf(operation)!;
        return new TranslatedCall(translation, request, deployment, "upstream") { StartedAt = default, Losses = new Losses(drops: false, translation.Sent.Api.Name) };
    }

    private int Call(CompletionRequest request, Deployment deployment, ApiOperation operation, byte[] answer)
    {
        using var call = Begin(request, deployment, operation);
        return (int)call.WriteRequest()!.Length + call.WriteAnswer(answer, _digest)!.Value.Length;
    }

    private int Stream(CompletionRequest request, Deployment deployment, ApiOperation operation, byte[] piece)
    {
        using var call = Begin(request, deployment, operation);
        using var translator = call.TranslateEvents(_digest);
        var length = (int)call.WriteRequest()!.Length;
        for (var count = 0; count < 20; count++) length += translator.Translate(piece).Length;
        return length + translator.End(default).Length;
    }
}
