using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>Clients of OpenAI's chat completions at a provider of Anthropic's Messages API.</summary>
internal sealed class ChatOnMessagesTests
{
    private const string Hi = """{"role":"user","content":"Hi"}""";

    [Test]
    public void A_plain_call_keeps_its_words_and_parameters() => Becomes(
        """
        {"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"In German.","cache_control":{"type":"ephemeral"}}]},
         {"role":"user","content":"H\u00e4llo \"you\" \ud83d\ude00"},{"role":"assistant","content":"Yes?"},{"role":"user","content":[{"type":"text","text":"Go on"}]}],
         "max_completion_tokens":99,"temperature":0.5,"top_p":0.9,"top_k":5,"stop":["a","b"],"user":"u-1","stream":true,"stream_options":{"include_usage":true},"n":1,
         "service_tier":"default","store":false,"presence_penalty":0,"logit_bias":{},"metadata":{"tags":["x"]},"litellm_metadata":{},"num_retries":1}
        """,
        """
        {"model":"upstream-model","max_tokens":99,
         "system":[{"type":"text","text":"Be brief."},{"type":"text","text":"In German.","cache_control":{"type":"ephemeral"}}],
         "messages":[{"role":"user","content":"Hällo \"you\" 😀"},{"role":"assistant","content":"Yes?"},{"role":"user","content":[{"type":"text","text":"Go on"}]}],
         "metadata":{"user_id":"u-1"},"temperature":0.5,"top_p":0.9,"top_k":5,"stop_sequences":["a","b"],"stream":true,"service_tier":"standard_only"}
        """);

    [Test]
    public void Parallel_calls_and_their_results_stand_in_two_turns() => Becomes(
        """
        {"model":"m","max_tokens":1,"messages":[{"role":"user","content":"Weather?"},
         {"role":"assistant","content":"Let me see.","refusal":null,"annotations":[],"tool_calls":[
           {"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"K\u00f6ln\", \"n\": 1.50}"}},{"id":"c2","type":"function","function":{"name":"now","arguments":""}}]},
         {"role":"tool","tool_call_id":"c1","content":"rain"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"12"}]},{"role":"user","content":"So?"}],
         "tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":{"type":"object"},"strict":true},"cache_control":{"type":"ephemeral"}},
                  {"type":"function","function":{"name":"now"}}],
         "tool_choice":"required","parallel_tool_calls":false}
        """,
        """
        {"model":"upstream-model","max_tokens":1,"messages":[{"role":"user","content":"Weather?"},
         {"role":"assistant","content":[{"type":"text","text":"Let me see."},{"type":"tool_use","id":"c1","name":"weather","input":{"city":"Köln","n":1.50}},{"type":"tool_use","id":"c2","name":"now","input":{}}]},
         {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"rain"},{"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"12"}]},{"type":"text","text":"So?"}]}],
         "tools":[{"name":"weather","description":"d","strict":true,"input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}},{"name":"now","input_schema":{"type":"object","properties":{}}}],
         "tool_choice":{"type":"any","disable_parallel_tool_use":true}}
        """);

    [TestCase("\"auto\"", """{"type":"auto"}""")]
    [TestCase("\"none\"", """{"type":"none"}""")]
    [TestCase("""{"type":"function","function":{"name":"f"}}""", """{"type":"tool","name":"f"}""")]
    public void The_choice_of_a_tool_is_kept(string choice, string expected)
    {
        using var call = TestTranslation.ChatOnMessages($$$"""{"model":"m","messages":[{{{Hi}}}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{{{choice}}}}""");
        TestTranslation.ShouldBe(call.Request()["tool_choice"], expected);
    }

    [Test]
    public void Images_and_documents_are_carried_over() => Becomes(
        """
        {"model":"m","max_tokens":1,"messages":[{"role":"user","content":[
          {"type":"image_url","image_url":{"url":"data:image/png;base64,aW\/+1h","detail":"auto"}},{"type":"image_url","image_url":{"url":"https://e.org/a.png"},"cache_control":{"type":"ephemeral"}},
          {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,SMOkbGxv"}}]}]}
        """,
        """
        {"model":"upstream-model","max_tokens":1,"messages":[{"role":"user","content":[
          {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aW/+1h"}},{"type":"image","source":{"type":"url","url":"https://e.org/a.png"},"cache_control":{"type":"ephemeral"}},
          {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="},"title":"a.pdf"},
          {"type":"document","source":{"type":"text","media_type":"text/plain","data":"Hällo"},"title":"a.txt"}]}]}
        """);

    [Test]
    public void Thinking_goes_back_with_its_signature_only()
    {
        using var call = TestTranslation.ChatOnMessages("""
            {"model":"m","max_tokens":9000,"reasoning_effort":"medium","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"x",
             "thinking_blocks":[{"type":"thinking","thinking":"x","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"thinking","thinking":"unsigned"}]},{"role":"user","content":"c"}]}
            """);
        var request = call.Request();

        TestTranslation.ShouldBe(request["messages"]![1]!["content"], """[{"type":"thinking","thinking":"x","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"b"}]""");
        TestTranslation.ShouldBe(request["thinking"], """{"type":"enabled","budget_tokens":7976}""");
        call.Losses.Dropped.Should().Equal("thinking_blocks");
    }

    [Test]
    public void A_schema_of_the_answer_is_kept() => Becomes(
        $$$$$"""{"model":"m","max_tokens":1,"messages":[{{{{{Hi}}}}}],"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object"}}},"output_config":{"effort":"low"}}""",
        $$$$$"""{"model":"upstream-model","max_tokens":1,"messages":[{{{{{Hi}}}}}],"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}}}""");

    [TestCase("\"seed\":1", "seed")]
    [TestCase("\"n\":2", "n")]
    [TestCase("\"logprobs\":true", "logprobs")]
    [TestCase("\"frequency_penalty\":0.5", "frequency_penalty")]
    [TestCase("\"logit_bias\":{\"1\":2}", "logit_bias")]
    [TestCase("\"response_format\":{\"type\":\"json_object\"}", "response_format")]
    [TestCase("\"temperature\":1.5", "temperature above 1")]
    [TestCase("\"service_tier\":\"flex\"", "service_tier")]
    [TestCase("\"max_tokens\":1500,\"reasoning_effort\":\"low\"", "reasoning_effort within 1500 tokens")]
    [TestCase("\"verbosity\":\"low\"", "verbosity")]
    [TestCase("\"store\":true", "store")]
    public void What_the_provider_has_no_word_for_is_refused_by_name_or_dropped_by_name(string field, string name)
    {
        var asked = $$"""{"model":"m","messages":[{{Hi}}],{{field}}}""";
        using var refused = TestTranslation.ChatOnMessages(asked);
        using var dropped = TestTranslation.ChatOnMessages(asked, drops: true);

        refused.Refusal().Should().Be($"'{name}' cannot be carried over to the Messages API, which this model's provider speaks. Leave it out, or have the operator set DropUnsupportedParameters.");
        refused.Losses.Error!.Status.Should().Be(400);
        dropped.Request().ContainsKey(name).Should().BeFalse();
        dropped.Losses.Dropped.Should().Equal(name);
    }

    [TestCase("""{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}""", "Content of the type 'input_audio' in 'messages[0].content[0]'")]
    [TestCase("""{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}""", "A file that is not given as a data URL in 'messages[0].content[0].file'")]
    [TestCase("""{"role":"function","name":"f","content":"x"}""", "The role 'function' in 'messages[0]'")]
    public void What_is_asked_is_never_dropped(string message, string what)
    {
        using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","messages":[{{message}}]}""", drops: true);
        call.Refusal().Should().StartWith(what);
    }

    [Test]
    public void What_a_refusal_quotes_of_the_client_is_short()
    {
        using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","messages":[{"role":"{{new string('r', 100_000)}}"}]}""");
        call.Refusal().Length.Should().BeLessThan(300);
    }

    [TestCase("""{"role":"user","name":"Ann","content":"x"}""", "messages[1].name")]
    [TestCase("""{"role":"system","content":"x"}""", "messages[1].role")]
    [TestCase("""{"role":"assistant","audio":{"id":"a"}}""", "messages[1].audio")]
    public void A_detail_of_a_message_is_named_too(string message, string name)
    {
        using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","messages":[{{Hi}},{{message}}]}""");
        call.Refusal().Should().StartWith($"'{name}' cannot be carried over");
    }

    [TestCase("""{"model":"m","messages":"x"}""", "'messages' must be a list.")]
    [TestCase("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"[1]"}}]}]}""", "'messages[0].tool_calls[0].function.arguments' must be the text of a JSON object.")]
    [TestCase("""{"model":"m","messages":[],"stop":"a","stop":"b"}""", "A field stands twice in the same object of the request body, which cannot be carried over.")]
    public void What_is_malformed_is_refused(string asked, string sentence)
    {
        using var call = TestTranslation.ChatOnMessages(asked);
        call.Refusal().Should().Be(sentence);
    }

    [Test]
    public void An_answer_keeps_words_calls_thinking_and_usage()
    {
        using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","messages":[{{Hi}}]}""");
        var answer = call.Answer("""
            {"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"thinking","thinking":"h\u00e4","signature":"s"},{"type":"redacted_thinking","data":"d"},
             {"type":"text","text":"One "},{"type":"text","text":"\"two\" ✓"},{"type":"tool_use","id":"c1","name":"f","input":{"a":[1, 2]}},{"type":"tool_use","id":"c2","name":"g","input":{}}],
             "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":5}}
            """);

        TestTranslation.ShouldBe(answer, """
            {"id":"msg_1","object":"chat.completion","created":1750000000,"model":"claude-x","choices":[{"index":0,"message":{"role":"assistant","content":"One \"two\" ✓","refusal":null,"reasoning_content":"hä",
             "thinking_blocks":[{"type":"thinking","thinking":"hä","signature":"s"},{"type":"redacted_thinking","data":"d"}],
             "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":[1, 2]}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},
             "logprobs":null,"finish_reason":"tool_calls"}],
             "usage":{"prompt_tokens":60,"completion_tokens":5,"total_tokens":65,"prompt_tokens_details":{"cached_tokens":30},"completion_tokens_details":{"reasoning_tokens":0},
             "cache_creation_input_tokens":20,"cache_read_input_tokens":30}}
            """);
    }

    [TestCase("end_turn", "stop")]
    [TestCase("stop_sequence", "stop")]
    [TestCase("max_tokens", "length")]
    [TestCase("refusal", "content_filter")]
    [TestCase("model_context_window_exceeded", "length")]
    public async Task Reasons_to_stop_are_told_in_the_clients_words(string reason, string expected)
    {
        using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","messages":[{{Hi}}]}""");
        call.Answer(AnthropicBodies.Message("x").Replace("end_turn", reason))!["choices"]![0]!["finish_reason"]!.GetValue<string>().Should().Be(expected);
        (await call.StreamAsync([Encoding.UTF8.GetBytes(AnthropicBodies.Stream("x").Replace("end_turn", reason))])).Should().Contain($"\"finish_reason\":\"{expected}\"");
    }

    [Test]
    public void An_answer_that_is_no_message_is_none()
    {
        using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","messages":[{{Hi}}]}""");
        call.Answer("""{"type":"message"}""").Should().BeNull();
    }

    [Test]
    public async Task A_stream_cut_at_any_byte_comes_to_the_same()
    {
        var stream = Encoding.UTF8.GetBytes(AgentStream);
        string? first = null;
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{{Hi}}]}""");
            var chunks = await call.StreamAsync([stream[..cut], stream[cut..]]);
            (first ??= chunks).Should().Be(chunks, "cut at {0}", cut);
        }

        var data = first!.Split("\n\n").Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[6..])!).ToList();
        var deltas = data.Where(chunk => chunk["choices"]!.AsArray().Count > 0).Select(chunk => chunk["choices"]![0]!["delta"]!).ToList();
        string Joined(string name) => string.Concat(deltas.Select(delta => delta[name]?.GetValue<string>()));
        (Joined("role"), Joined("content"), Joined("reasoning_content")).Should().Be(("assistant", "One \"two\" ✓", "häm"));
        deltas.SelectMany(delta => delta["thinking_blocks"]?.AsArray() ?? []).Select(block => block!["signature"]?.GetValue<string>()).Should().Contain("sig");
        var calls = deltas.SelectMany(delta => delta["tool_calls"]?.AsArray() ?? []).GroupBy(piece => piece!["index"]!.GetValue<int>())
            .Select(pieces => (pieces.Key, pieces.First()!["id"]!.GetValue<string>(), string.Concat(pieces.Select(piece => piece!["function"]!["arguments"]!.GetValue<string>()))));
        calls.Should().Equal((0, "c1", "{\"a\": 1}"), (1, "c2", "{}"));
        data[^2]["choices"]![0]!["finish_reason"]!.GetValue<string>().Should().Be("tool_calls");
        (data[^1]["choices"]!.AsArray().Count, data[^1]["usage"]!["total_tokens"]!.GetValue<int>()).Should().Be((0, 65));
        first.Should().EndWith("data: [DONE]\n\n").And.Contain(": ping\n\n");
        data.Should().OnlyContain(chunk => chunk["object"]!.GetValue<string>() == "chat.completion.chunk" && chunk["id"]!.GetValue<string>() == "msg_01");
    }

    [Test]
    public async Task An_event_too_long_to_hold_breaks_the_stream()
    {
        using var call = TestTranslation.ChatOnMessages($$"""{"model":"m","stream":true,"messages":[{{Hi}}]}""");
        var passed = await call.StreamAsync([Encoding.UTF8.GetBytes(AnthropicBodies.Delta(new string('x', 100_000))), Encoding.UTF8.GetBytes("data: " + new string('x', 5_000_000))]);

        passed.Length.Should().BeGreaterThan(100_000).And.BeLessThan(101_000);
        call.Fault.Should().Be(AnswerEnd.Broken);
    }

    public static string AgentStream { get; } = string.Concat(
        AnthropicBodies.Event("message_start", AnthropicBodies.Start),
        AnthropicBodies.Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"""),
        AnthropicBodies.Event("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"h\u00e4m"}}"""),
        AnthropicBodies.Event("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}"""),
        AnthropicBodies.Event("content_block_stop", """{"type":"content_block_stop","index":0}"""),
        AnthropicBodies.Event("ping", """{"type": "ping"}"""),
        AnthropicBodies.Event("content_block_start", """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"""),
        AnthropicBodies.Event("content_block_delta", """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"One \"two\" ✓"}}"""),
        AnthropicBodies.Event("content_block_stop", """{"type":"content_block_stop","index":1}"""),
        AnthropicBodies.Event("content_block_start", """{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}}"""),
        AnthropicBodies.Event("content_block_delta", """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"""),
        AnthropicBodies.Event("content_block_delta", """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\": "}}"""),
        AnthropicBodies.Event("content_block_delta", """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}"""),
        AnthropicBodies.Event("content_block_stop", """{"type":"content_block_stop","index":2}"""),
        AnthropicBodies.Event("content_block_start", """{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"c2","name":"g","input":{}}}"""),
        AnthropicBodies.Event("content_block_stop", """{"type":"content_block_stop","index":3}"""),
        AnthropicBodies.Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":5}}"""),
        AnthropicBodies.Event("message_stop", """{"type":"message_stop"}"""));

    private static void Becomes(string asked, string expected)
    {
        using var call = TestTranslation.ChatOnMessages(asked);
        TestTranslation.ShouldBe(call.Request(), expected);
        call.Losses.Dropped.Should().BeEmpty();
    }
}
