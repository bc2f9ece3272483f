using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Host.Providers.Bedrock;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>Clients of Anthropic's Messages API, and by way of it those of OpenAI's, at Amazon Bedrock.</summary>
internal sealed class MessagesOnConverseTests
{
    private const string Hi = """{"role":"user","content":"Hi"}""";

    [Test]
    public void An_agents_call_keeps_all_that_it_says()
    {
        using var call = TestTranslation.MessagesOnConverse(
            """
            {"model":"m","max_tokens":99,"stream":true,"temperature":1,"top_p":0.9,"top_k":5,"stop_sequences":["x"],"thinking":{"type":"enabled","budget_tokens":9000},"metadata":{"user_id":"u-1"},"service_tier":"standard_only",
             "system":[{"type":"text","text":"You are an agent.","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"Be brief."}],
             "messages":[{"role":"user","content":[{"type":"text","text":"Weather?","cache_control":{"type":"ephemeral"}}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"ZA=="},{"type":"text","text":"Let me see."},{"type":"tool_use","id":"c1","name":"weather","input":{"city":"K\u00f6ln"}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"rain"},{"type":"tool_result","tool_use_id":"c2","is_error":true,"content":[{"type":"text","text":"broken"}]},{"type":"text","text":""},{"type":"text","text":"So?"}]}],
             "tools":[{"name":"weather","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"tool","name":"weather"},
             "output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},"anthropic_beta":["b"]}
            """);

        TestTranslation.ShouldBe(call.Request(), """
            {"system":[{"text":"You are an agent."},{"cachePoint":{"type":"default","ttl":"1h"}},{"text":"Be brief."}],
             "messages":[{"role":"user","content":[{"text":"Weather?"},{"cachePoint":{"type":"default"}}]},
              {"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},{"reasoningContent":{"redactedContent":"ZA=="}},{"text":"Let me see."},{"toolUse":{"toolUseId":"c1","name":"weather","input":{"city":"Köln"}}}]},
              {"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"rain"}]}},{"toolResult":{"toolUseId":"c2","content":[{"text":"broken"}],"status":"error"}},{"text":"So?"}]}],
             "toolConfig":{"tools":[{"toolSpec":{"name":"weather","description":"d","inputSchema":{"json":{"type":"object"}},"strict":true}},{"cachePoint":{"type":"default"}}],"toolChoice":{"tool":{"name":"weather"}}},
             "inferenceConfig":{"maxTokens":99,"temperature":1,"topP":0.9,"stopSequences":["x"]},
             "outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\"}","name":"answer"}}}},
             "serviceTier":{"type":"default"},"additionalModelResponseFieldPaths":["/stop_sequence"],
             "additionalModelRequestFields":{"output_config":{"effort":"low"},"top_k":5,"thinking":{"type":"enabled","budget_tokens":9000},"anthropic_beta":["b"]}}
            """);
        call.Losses.Dropped.Should().Equal("metadata");
    }

    [Test]
    public void Images_and_documents_stand_in_the_request_under_names_of_their_own()
    {
        using var call = TestTranslation.MessagesOnConverse("""
            {"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aW/+1h"}},
              {"type":"document","title":"a (1)/\u00e4.pdf","context":"read it","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}},
              {"type":"document","source":{"type":"text","media_type":"text/plain","data":"H\u00e4llo"}},{"type":"document","source":{"type":"content","content":[{"type":"text","text":"more"}]}},
              {"type":"tool_result","tool_use_id":"c","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"aW"}}]}]}]}
            """);

        TestTranslation.ShouldBe(call.Request()["messages"]![0]!["content"], """
            [{"image":{"format":"png","source":{"bytes":"aW/+1h"}}},{"text":"read it"},{"document":{"format":"pdf","name":"a-(1)---pdf","source":{"bytes":"JVBERi0="}}},
             {"document":{"format":"txt","name":"document-2","source":{"bytes":"SMOkbGxv"}}},{"text":"more"},{"toolResult":{"toolUseId":"c","content":[{"image":{"format":"jpeg","source":{"bytes":"aW"}}}]}}]
            """);
    }

    [TestCase("""{"type":"auto"}""", """{"auto":{}}""")]
    [TestCase("""{"type":"any"}""", """{"any":{}}""")]
    public void The_choice_of_a_tool_is_kept(string choice, string expected)
    {
        using var call = TestTranslation.MessagesOnConverse($$$"""{"model":"m","max_tokens":1,"messages":[{{{Hi}}}],"tools":[{"name":"f"}],"tool_choice":{{{choice}}}}""");
        TestTranslation.ShouldBe(call.Request()["toolConfig"]!["toolChoice"], expected);
    }

    [TestCase("\"tools\":[{\"name\":\"f\"}],\"tool_choice\":{\"type\":\"none\"}", "tool_choice")]
    [TestCase("\"tools\":[{\"name\":\"f\"}],\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}", "tool_choice.disable_parallel_tool_use")]
    [TestCase("\"service_tier\":\"x\"", "service_tier")]
    [TestCase("\"mcp_servers\":[{}]", "mcp_servers")]
    public void What_the_provider_has_no_word_for_is_refused_by_name_or_dropped_by_name(string field, string name)
    {
        var asked = $$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}],{{field}}}""";
        using var refused = TestTranslation.MessagesOnConverse(asked);
        using var dropped = TestTranslation.MessagesOnConverse(asked, drops: true);

        refused.Refusal().Should().StartWith($"'{name}' cannot be carried over to Bedrock's Converse API");
        dropped.Request();
        dropped.Losses.Dropped.Should().Equal(name);
    }

    [TestCase("""{"role":"user","content":[{"type":"image","source":{"type":"url","url":"s3://bucket/a.png"}}]}""", "An image that is not base64 of a known type in 'messages[0].content[0].source'")]
    [TestCase("""{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://e.org/a.pdf"}}]}""", "A document that is neither text nor base64 of a known type in 'messages[0].content[0].source'")]
    [TestCase("""{"role":"user","content":[{"type":"search_result"}]}""", "Content of the type 'search_result' in 'messages[0].content[0]'")]
    [TestCase("""{"role":"system","content":"x"}""", "The role 'system' in 'messages[0]'")]
    [TestCase("""{"role":"user","content":7}""", "'messages[0].content' must be a string or a list.")]
    public void What_is_asked_is_never_lost(string message, string what)
    {
        using var call = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"messages":[{{message}}]}""", drops: true);
        call.Refusal().Should().StartWith(what);
    }

    [Test]
    public void Thinking_without_a_signature_or_of_OpenAIs_stays_and_is_named()
    {
        using var call = TestTranslation.MessagesOnConverse("""
            {"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":""},{"type":"thinking","thinking":"x","signature":"openai-encrypted.g"},{"type":"text","text":"b"}]}]}
            """);

        TestTranslation.ShouldBe(call.Request()["messages"], """[{"role":"assistant","content":[{"text":"b"}]}]""");
        call.Losses.Dropped.Should().Equal("thinking");
    }

    [Test]
    public void An_answer_keeps_words_calls_thinking_and_usage()
    {
        using var call = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}]}""");
        var answer = call.Answer(BedrockBodies.Answer("""
            {"reasoningContent":{"reasoningText":{"text":"h\u00e4","signature":"s"}}},{"reasoningContent":{"redactedContent":"ZA=="}},{"text":"One \"two\" ✓"},{"toolUse":{"toolUseId":"c1","name":"f","input":{"a":[1, 2]}}},
            {"citationsContent":{"content":[{"text":"cited"}],"citations":[]}}
            """, "tool_use"))!;

        answer["id"]!.GetValue<string>().Should().StartWith("msg_");
        answer.Remove("id");
        TestTranslation.ShouldBe(answer, """
            {"type":"message","role":"assistant","model":"upstream-model","content":[{"type":"thinking","thinking":"hä","signature":"s"},{"type":"redacted_thinking","data":"ZA=="},{"type":"text","text":"One \"two\" ✓"},
             {"type":"tool_use","id":"c1","name":"f","input":{"a":[1, 2]}},{"type":"text","text":"cited"}],"stop_reason":"tool_use","stop_sequence":null,
             "usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":5}}
            """);
        call.Digest.Usage!.Value.CacheWriteHour.Should().Be(8);
    }

    [TestCase("end_turn", "end_turn")]
    [TestCase("max_tokens", "max_tokens")]
    [TestCase("stop_sequence", "stop_sequence")]
    [TestCase("guardrail_intervened", "refusal")]
    [TestCase("content_filtered", "refusal")]
    [TestCase("malformed_model_output", "end_turn")]
    public async Task Reasons_to_stop_are_told_in_the_clients_words(string reason, string expected)
    {
        using var call = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}]}""");
        call.Answer(BedrockBodies.Answer("""{"text":"x"}""", reason))!["stop_reason"]!.GetValue<string>().Should().Be(expected);
        (await call.StreamAsync([await OpenAsync([.. BedrockBodies.Event("messageStop", $$"""{"stopReason":"{{reason}}"}"""), .. BedrockBodies.Metadata()])])).Should().Contain($"\"stop_reason\":\"{expected}\"");
    }

    [Test]
    public async Task The_sequence_that_ended_it_is_told()
    {
        using var call = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}],"stop_sequences":["x"]}""");
        const string Fields = "\"additionalModelResponseFields\":{\"stop_sequence\":\"x\"}";

        call.Answer(BedrockBodies.Text("a").Replace("\"metrics\"", Fields + ",\"metrics\""))!["stop_sequence"]!.GetValue<string>().Should().Be("x");
        (await call.StreamAsync([await OpenAsync([.. BedrockBodies.Event("messageStop", $$"""{"stopReason":"stop_sequence",{{Fields}}}"""), .. BedrockBodies.Metadata()])])).Should().Contain("\"stop_sequence\":\"x\"");
    }

    [Test]
    public void An_answer_that_is_none_is_none()
    {
        using var call = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}]}""");
        call.Answer("""{"output":{}}""").Should().BeNull();
    }

    [Test]
    public async Task A_stream_cut_at_any_byte_comes_to_the_same()
    {
        var stream = await OpenAsync(AgentStream);
        string? first = null;
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            using var call = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"stream":true,"messages":[{{Hi}}]}""");
            var events = WithoutId(await call.StreamAsync([stream[..cut], stream[cut..]]));
            (first ??= events).Should().Be(events, "cut at {0}", cut);
        }

        var data = first!.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line[(line.IndexOf("data: ", StringComparison.Ordinal) + 6)..])!).ToList();
        using (var logged = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"stream":true,"messages":[{{Hi}}]}"""))
        {
            await logged.StreamAsync([stream]);
            TestTranslation.ShouldBe(JsonNode.Parse(logged.Digest.Output.Span), """
                [{"type":"thinking","thinking":"hm"},{"type":"text","text":"One \"two\" "},{"type":"text","text":"✓"},{"type":"tool_use","id":"c1","name":"f","input":"{\"a\": 1}"},{"type":"tool_use","id":"c2","name":"g","input":""}]
                """);
        }

        data.Where(entry => entry["content_block"] is not null).Select(entry => $"{entry["index"]} {entry["content_block"]!["type"]} {entry["content_block"]!["id"]}{entry["content_block"]!["data"]}")
            .Should().Equal("0 thinking ", "1 redacted_thinking ZA==", "2 text ", "3 text ", "4 tool_use c1", "5 tool_use c2");
        string Joined(int block, string field) => string.Concat(data.Where(entry => entry["delta"] is not null && entry["index"]?.GetValue<int>() == block).Select(entry => entry["delta"]![field]?.GetValue<string>()));
        (Joined(0, "thinking"), Joined(0, "signature"), Joined(2, "text"), Joined(3, "text"), Joined(4, "partial_json"), Joined(5, "partial_json")).Should().Be(("hm", "sig", "One \"two\" ", "✓", "{\"a\": 1}", ""));
        data.Count(entry => entry["type"]!.GetValue<string>() == "content_block_stop").Should().Be(6);
        TestTranslation.ShouldBe(data[^2], """
            {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":5}}
            """);
        first.Should().StartWith("event: message_start\n").And.EndWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    }

    [Test]
    public async Task A_chat_goes_there_and_back_by_way_of_messages()
    {
        using var call = TestTranslation.ChatOnConverse($$$"""
            {"model":"m","max_completion_tokens":9000,"stream":true,"reasoning_effort":"low","messages":[{"role":"system","content":"s"},{{{Hi}}},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c1","content":"12"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required"}
            """);

        TestTranslation.ShouldBe(call.Request(), """
            {"system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"c1","name":"f","input":{}}}]},
              {"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"12"}]}}]}],
             "toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}},"inferenceConfig":{"maxTokens":9000},
             "additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048}}}
            """);
        var answer = call.Answer(BedrockBodies.Text("Hello ✓"))!;
        answer["choices"]![0]!["message"]!["content"]!.GetValue<string>().Should().Be("Hello ✓");
        answer["usage"]!["prompt_tokens"]!.GetValue<int>().Should().Be(60);
        var chunks = await call.StreamAsync([await OpenAsync(AgentStream)]);
        chunks.Should().Contain("\"reasoning_content\":\"m\"").And.Contain("\"signature\":\"sig\"").And.Contain("\"finish_reason\":\"tool_calls\"").And.EndWith("data: [DONE]\n\n");
        call.Fault.Should().BeNull();
    }

    [Test]
    public async Task A_response_goes_there_and_back_by_way_of_both()
    {
        using var call = TestTranslation.Responses("""{"model":"m","input":"Hi","instructions":"s","max_output_tokens":99,"stream":true}""", "bedrock");

        TestTranslation.ShouldBe(call.Request()["messages"], """[{"role":"user","content":[{"text":"Hi"}]}]""");
        call.Answer(BedrockBodies.Text("Hello ✓"))!["output"]![0]!["content"]![0]!["text"]!.GetValue<string>().Should().Be("Hello ✓");
        (await call.StreamAsync([await OpenAsync(AgentStream)])).Should().StartWith("event: response.created").And.Contain("event: response.completed").And.Contain("\"call_id\":\"c2\"");
        call.Fault.Should().BeNull();
    }

    [TestCase("throttlingException")]
    [TestCase("modelStreamErrorException")]
    public async Task An_exception_within_a_stream_ends_it(string type)
    {
        using var call = TestTranslation.MessagesOnConverse($$"""{"model":"m","max_tokens":1,"stream":true,"messages":[{{Hi}}]}""");

        await call.StreamAsync([await OpenAsync([.. BedrockBodies.Delta(0, """{"text":"x"}"""), .. BedrockBodies.Exception(type, "Slow down")])]);

        (call.Fault, call.Digest.ErrorMessage).Should().Be((AnswerEnd.Failed, "Slow down"));
    }

    public static byte[] AgentStream { get; } =
    [
        .. BedrockBodies.Event("messageStart", """{"role":"assistant"}"""),
        .. BedrockBodies.Delta(0, """{"reasoningContent":{"text":"h"}}"""), .. BedrockBodies.Delta(0, """{"reasoningContent":{"text":"m"}}"""), .. BedrockBodies.Delta(0, """{"reasoningContent":{"signature":"sig"}}"""),
        .. BedrockBodies.Event("contentBlockStop", """{"contentBlockIndex":0}"""), .. BedrockBodies.Delta(1, """{"reasoningContent":{"redactedContent":"ZA=="}}"""), .. BedrockBodies.Event("contentBlockStop", """{"contentBlockIndex":1}"""),
        .. BedrockBodies.Delta(2, """{"text":"One \"two\" "}"""), .. BedrockBodies.Delta(3, """{"text":"✓"}"""), .. BedrockBodies.Event("contentBlockStop", """{"contentBlockIndex":3}"""),
        .. BedrockBodies.Event("contentBlockStart", """{"contentBlockIndex":4,"start":{"toolUse":{"toolUseId":"c1","name":"f"}}}"""), .. BedrockBodies.Delta(4, """{"toolUse":{"input":""}}"""), .. BedrockBodies.Delta(4, """{"toolUse":{"input":"{\"a\": 1}"}}"""),
        .. BedrockBodies.Event("contentBlockStop", """{"contentBlockIndex":4}"""),
        .. BedrockBodies.Event("contentBlockStart", """{"contentBlockIndex":5,"start":{"toolUse":{"toolUseId":"c2","name":"g"}}}"""), .. BedrockBodies.Event("contentBlockStop", """{"contentBlockIndex":5}"""),
        .. BedrockBodies.Event("messageStop", """{"stopReason":"tool_use"}"""),
        .. BedrockBodies.Metadata(),
    ];

    private static async Task<byte[]> OpenAsync(byte[] frames)
    {
        await using var events = new FramedEvents(new MemoryStream(frames));
        var opened = new MemoryStream();
        await events.CopyToAsync(opened);
        return opened.ToArray();
    }

    private static string WithoutId(string events) => System.Text.RegularExpressions.Regex.Replace(events, "msg_[0-9a-f]+", "msg_x", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5));
}
