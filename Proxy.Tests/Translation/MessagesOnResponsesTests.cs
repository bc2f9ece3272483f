using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>Clients of Anthropic's Messages API at a provider that speaks OpenAI's Responses API alone.</summary>
internal sealed class MessagesOnResponsesTests
{
    private const string Hi = """{"role":"user","content":"Hi"}""";

    [Test]
    public void An_agents_call_keeps_all_that_it_says() => Becomes(
        """
        {"model":"m","max_tokens":99,"stream":true,"temperature":1,"system":[{"type":"text","text":"You are an agent.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Be brief."}],
         "thinking":{"type":"enabled","budget_tokens":9000},"metadata":{"user_id":"u-1"},"service_tier":"standard_only","context_management":{"edits":[{"type":"clear_thinking_20251015"}]},
         "messages":[{"role":"user","content":[{"type":"text","text":"Weather?","cache_control":{"type":"ephemeral"}}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"openai-encrypted.gAAA"},{"type":"text","text":"Let me see."},{"type":"tool_use","id":"c1","name":"weather","input":{"city":"K\u00f6ln"}},
           {"type":"redacted_thinking","data":"openai-encrypted.gBBB"},{"type":"tool_use","id":"c2","name":"now","input":{}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"rain"},{"type":"tool_result","tool_use_id":"c2","is_error":true,"content":"broken"},{"type":"text","text":"So?"}]}],
         "tools":[{"name":"weather","description":"d","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}},{"type":"custom","name":"now","input_schema":{"type":"object"},"strict":true}],
         "tool_choice":{"type":"any","disable_parallel_tool_use":true}}
        """,
        """
        {"model":"upstream-model","input":[{"role":"system","content":[{"type":"input_text","text":"You are an agent."},{"type":"input_text","text":"Be brief."}]},
          {"role":"user","content":[{"type":"input_text","text":"Weather?"}]},
          {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"gAAA"},{"role":"assistant","content":[{"type":"output_text","text":"Let me see."}]},
          {"type":"function_call","call_id":"c1","name":"weather","arguments":"{\"city\":\"K\\u00f6ln\"}"},{"type":"reasoning","summary":[],"encrypted_content":"gBBB"},{"type":"function_call","call_id":"c2","name":"now","arguments":"{}"},
          {"type":"function_call_output","call_id":"c1","output":"rain"},{"type":"function_call_output","call_id":"c2","output":"Error: broken"},{"role":"user","content":[{"type":"input_text","text":"So?"}]}],
         "tools":[{"type":"function","name":"weather","description":"d","parameters":{"type":"object"},"strict":false},{"type":"function","name":"now","parameters":{"type":"object"},"strict":true}],
         "parallel_tool_calls":false,"tool_choice":"required","reasoning":{"effort":"medium","summary":"auto"},"include":["reasoning.encrypted_content"],"store":false,
         "max_output_tokens":99,"stream":true,"temperature":1,"user":"u-1","service_tier":"default"}
        """);

    [Test]
    public void Images_and_documents_are_carried_over_within_results_too() => Becomes(
        """
        {"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aW/+1h"}},{"type":"image","source":{"type":"url","url":"https://e.org/a.png"}},
          {"type":"document","title":"a.pdf","context":"read it","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}},{"type":"document","source":{"type":"url","url":"https://e.org/a.pdf"}},
          {"type":"document","title":"t","source":{"type":"text","media_type":"text/plain","data":"words"}},{"type":"document","source":{"type":"content","content":[{"type":"text","text":"more"}]}}]},
         {"role":"user","content":[{"type":"tool_result","tool_use_id":"c","is_error":true,"content":[{"type":"text","text":"see"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aW"}}]},
          {"type":"tool_result","tool_use_id":"d"}]}]}
        """,
        """
        {"model":"upstream-model","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,aW/+1h"},{"type":"input_image","image_url":"https://e.org/a.png"},
          {"type":"input_text","text":"read it"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="},{"type":"input_file","file_url":"https://e.org/a.pdf"},
          {"type":"input_text","text":"t"},{"type":"input_text","text":"words"},{"type":"input_text","text":"more"}]},
          {"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"Error: "},{"type":"input_text","text":"see"},{"type":"input_image","image_url":"data:image/png;base64,aW"}]},
          {"type":"function_call_output","call_id":"d","output":""}],"store":false,"max_output_tokens":1}
        """);

    [TestCase("\"thinking\":{\"type\":\"adaptive\"}", """{"summary":"auto"}""")]
    [TestCase("\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"},\"output_config\":{\"effort\":\"max\"}", """{"effort":"xhigh"}""")]
    [TestCase("\"output_config\":{\"effort\":\"low\"}", """{"effort":"low"}""")]
    [TestCase("\"thinking\":{\"type\":\"disabled\"}", "null")]
    public void The_wish_for_thinking_is_one_for_reasoning(string wish, string expected)
    {
        using var call = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}],{{wish}}}""");
        var request = call.Request();

        TestTranslation.ShouldBe(request["reasoning"], expected);
        request.ContainsKey("include").Should().Be(expected != "null");
    }

    [Test]
    public void A_schema_of_the_answer_is_kept()
    {
        using var call = TestTranslation.MessagesOnResponses($$$"""{"model":"m","max_tokens":1,"messages":[{{{Hi}}}],"output_config":{"format":{"type":"json_schema","schema":{"type":"object"} } } }""");
        TestTranslation.ShouldBe(call.Request()["text"], """{"format":{"type":"json_schema","name":"answer","strict":true,"schema":{"type":"object"}}}""");
    }

    [TestCase("""{"type":"tool","name":"f"}""", """{"type":"function","name":"f"}""")]
    [TestCase("""{"type":"none"}""", "\"none\"")]
    public void The_choice_of_a_tool_is_kept(string choice, string expected)
    {
        using var call = TestTranslation.MessagesOnResponses($$$"""{"model":"m","max_tokens":1,"messages":[{{{Hi}}}],"tools":[{"name":"f","input_schema":{}}],"tool_choice":{{{choice}}}}""");
        TestTranslation.ShouldBe(call.Request()["tool_choice"], expected);
    }

    [Test]
    public void Thinking_of_others_stays_and_is_named()
    {
        using var call = TestTranslation.MessagesOnResponses("""{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"Anthropic's"},{"type":"text","text":"b"}]}]}""");

        TestTranslation.ShouldBe(call.Request()["input"], """[{"role":"assistant","content":[{"type":"output_text","text":"b"}]}]""");
        call.Losses.Dropped.Should().Equal("thinking");
    }

    [TestCase("\"stop_sequences\":[\"x\"]", "stop_sequences")]
    [TestCase("\"top_k\":5", "top_k")]
    [TestCase("\"mcp_servers\":[{}]", "mcp_servers")]
    [TestCase("\"service_tier\":12", "service_tier")]
    [TestCase("\"service_tier\":{\"a\":1}", "service_tier")]
    [TestCase("\"service_tier\":[\"flex\"]", "service_tier")]
    [TestCase("\"service_tier\":true", "service_tier")]
    [TestCase("\"background\":true", "background")]
    [TestCase("\"context_management\":{\"edits\":[{\"type\":\"clear_tool_uses_20250919\"}]}", "context_management")]
    public void What_the_provider_has_no_word_for_is_refused_by_name_or_dropped_by_name(string field, string name)
    {
        var asked = $$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}],{{field}}}""";
        using var refused = TestTranslation.MessagesOnResponses(asked);
        using var dropped = TestTranslation.MessagesOnResponses(asked, drops: true);

        refused.Refusal().Should().StartWith($"'{name}' cannot be carried over to OpenAI's Responses API");
        dropped.Request().ContainsKey(name).Should().BeFalse();
        dropped.Losses.Dropped.Should().Equal(name);
    }

    [TestCase("""{"role":"user","content":[{"type":"search_result"}]}""", "Content of the type 'search_result' in 'messages[0].content[0]'")]
    [TestCase("""{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}""", "An image that is neither a URL nor base64 in 'messages[0].content[0].source'")]
    [TestCase("""{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}""", "A document that is neither base64, text nor a URL in 'messages[0].content[0].source'")]
    [TestCase("""{"role":"tool","content":"x"}""", "The role 'tool' in 'messages[0]'")]
    [TestCase("""{"role":"user","content":7}""", "'messages[0].content' must be a string or a list.")]
    public void What_is_asked_is_never_lost(string message, string what)
    {
        using var call = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"messages":[{{message}}]}""", drops: true);
        call.Refusal().Should().StartWith(what);
    }

    [Test]
    public void A_tool_of_the_providers_own_is_refused()
    {
        using var call = TestTranslation.MessagesOnResponses($$$"""{"model":"m","max_tokens":1,"messages":[{{{Hi}}}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""", drops: true);
        call.Refusal().Should().StartWith("The provider's own tool 'web_search_20250305' in 'tools[0]'");
    }

    [Test]
    public void An_answer_keeps_its_items_in_their_order()
    {
        using var call = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}]}""");
        var answer = call.Answer("""
            {"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"gpt-5","output":[
             {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"h\u00e4"},{"type":"summary_text","text":"m"}],"encrypted_content":"gAAA"},
             {"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"\"two\" ✓"}]},{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
             {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gBBB"},{"type":"function_call","call_id":"c2","name":"g","arguments":"no json"}],
             "usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":6},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":7},"total_tokens":123}}
            """);

        TestTranslation.ShouldBe(answer, """
            {"id":"resp_1","type":"message","role":"assistant","model":"gpt-5","content":[{"type":"thinking","thinking":"hä\n\nm","signature":"openai-encrypted.gAAA"},{"type":"text","text":"\"two\" ✓"},
             {"type":"tool_use","id":"c1","name":"f","input":{"a":1}},{"type":"redacted_thinking","data":"openai-encrypted.gBBB"},{"type":"tool_use","id":"c2","name":"g","input":{"unparsed_arguments":"no json"}}],
             "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":30,"cache_creation_input_tokens":0,"cache_read_input_tokens":6,"output_tokens":87}}
            """);
    }

    [TestCase("max_output_tokens", "max_tokens")]
    [TestCase("content_filter", "refusal")]
    public async Task Reasons_to_stop_are_told_in_the_clients_words(string reason, string expected)
    {
        using var call = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}]}""");
        (await call.StreamAsync([Encoding.UTF8.GetBytes(ResponseStreams.Ending(reason))])).Should().Contain($"\"stop_reason\":\"{expected}\"");
    }

    [Test]
    public async Task A_refusal_is_one()
    {
        var stream = ResponseStreams.Event("response.refusal.delta", """ "output_index":0,"delta":"No." """) + ResponseBodies.Stream();
        using var call = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"messages":[{{Hi}}]}""");

        (await call.StreamAsync([Encoding.UTF8.GetBytes(stream)])).Should().Contain("\"text\":\"No.\"").And.Contain("\"stop_reason\":\"refusal\"");
        call.Answer(ResponseBodies.Response("x").Replace("\"type\":\"output_text\",\"text\":\"x\"", "\"type\":\"refusal\",\"refusal\":\"No.\""))!["stop_reason"]!.GetValue<string>().Should().Be("refusal");
    }

    [Test]
    public async Task A_stream_cut_at_any_byte_comes_to_the_same()
    {
        var stream = Encoding.UTF8.GetBytes(ResponseStreams.Agent);
        string? first = null;
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            using var call = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"stream":true,"messages":[{{Hi}}]}""");
            var events = await call.StreamAsync([stream[..cut], stream[cut..]]);
            (first ??= events).Should().Be(events, "cut at {0}", cut);
        }

        var data = first!.Split("\n\n").Where(line => line.StartsWith("event: ", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[(line.IndexOf("data: ", StringComparison.Ordinal) + 6)..])!).ToList();
        var blocks = data.Where(entry => entry["content_block"] is not null).Select(entry => $"{entry["index"]} {entry["content_block"]!["type"]} {entry["content_block"]!["id"]}{entry["content_block"]!["data"]}");
        blocks.Should().Equal("0 thinking ", "1 text ", "2 tool_use c1", "3 redacted_thinking openai-encrypted.gBBB", "4 tool_use c2");
        string Joined(int block, string field) => string.Concat(data.Where(entry => entry["delta"] is not null && entry["index"]?.GetValue<int>() == block).Select(entry => entry["delta"]![field]?.GetValue<string>()));
        (Joined(0, "thinking"), Joined(0, "signature"), Joined(1, "text"), Joined(2, "partial_json"), Joined(4, "partial_json"))
            .Should().Be(("hä\n\nm", "openai-encrypted.gAAA/1", "One \"two\" ✓", "{\"a\": 1}", "{}"));
        data.Count(entry => entry["type"]!.GetValue<string>() == "content_block_stop").Should().Be(5);
        TestTranslation.ShouldBe(data[^2], """
            {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":30,"cache_creation_input_tokens":0,"cache_read_input_tokens":6,"output_tokens":87}}
            """);
        first.Should().StartWith("event: message_start\n").And.EndWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n").And.Contain(": ping\n\n");
    }

    [Test]
    public async Task A_piece_of_a_call_whose_block_is_closed_breaks_the_stream()
    {
        using var call = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"stream":true,"messages":[{{Hi}}]}""");
        await call.StreamAsync([Encoding.UTF8.GetBytes(ResponseStreams.Agent)]);
        call.Fault.Should().BeNull();

        using var broken = TestTranslation.MessagesOnResponses($$"""{"model":"m","max_tokens":1,"stream":true,"messages":[{{Hi}}]}""");
        var begun = ResponseStreams.Agent[..ResponseStreams.Agent.IndexOf("event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":4", StringComparison.Ordinal)];
        await broken.StreamAsync([Encoding.UTF8.GetBytes(begun + ResponseStreams.Event("response.function_call_arguments.delta", """ "output_index":2,"delta":"x" """))]);
        broken.Fault.Should().Be(AnswerEnd.Broken);
    }

    private static void Becomes(string asked, string expected)
    {
        using var call = TestTranslation.MessagesOnResponses(asked);
        TestTranslation.ShouldBe(call.Request(), expected);
        call.Losses.Dropped.Should().BeEmpty();
    }
}
