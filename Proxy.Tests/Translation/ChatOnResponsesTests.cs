using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>Clients of OpenAI's chat completions at a provider that speaks its Responses API alone.</summary>
internal sealed class ChatOnResponsesTests
{
    private const string Hi = """{"role":"user","content":"Hi"}""";

    [Test]
    public void A_plain_call_keeps_its_words_and_parameters() => Becomes(
        """
        {"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"H\u00e4llo \"you\" \ud83d\ude00"},{"role":"assistant","content":"Yes?","refusal":null,"annotations":[]},
         {"role":"developer","content":[{"type":"text","text":"In German.","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":[{"type":"text","text":"Go on"}]}],
         "max_completion_tokens":99,"temperature":0.5,"top_p":0.9,"user":"u-1","stream":true,"stream_options":{"include_usage":true},"n":1,"stop":[],"service_tier":"default","presence_penalty":0,
         "logit_bias":{},"metadata":{"a":"b"},"litellm_metadata":{},"num_retries":1,"reasoning_effort":"low","verbosity":"low","prompt_cache_key":"k","parallel_tool_calls":true}
        """,
        """
        {"model":"upstream-model","input":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hällo \"you\" 😀"},{"role":"assistant","content":"Yes?"},
         {"role":"developer","content":[{"type":"input_text","text":"In German."}]},{"role":"user","content":[{"type":"input_text","text":"Go on"}]}],
         "reasoning":{"effort":"low"},"include":["reasoning.encrypted_content"],"text":{"verbosity":"low"},"max_output_tokens":99,"store":false,"temperature":0.5,"top_p":0.9,"user":"u-1","stream":true,
         "service_tier":"default","prompt_cache_key":"k","parallel_tool_calls":true}
        """);

    [Test]
    public void Parallel_calls_and_their_results_are_items() => Becomes(
        """
        {"model":"m","messages":[{"role":"user","content":"Weather?"},{"role":"assistant","content":"Let me see.","tool_calls":[
           {"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"K\u00f6ln\"}"}},{"id":"c2","type":"function","function":{"name":"now","arguments":""}}]},
         {"role":"tool","tool_call_id":"c1","content":"rain"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"12"}]}],
         "tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"function","function":{"name":"now"}}],
         "tool_choice":"required","parallel_tool_calls":false}
        """,
        """
        {"model":"upstream-model","input":[{"role":"user","content":"Weather?"},{"role":"assistant","content":"Let me see."},
         {"type":"function_call","call_id":"c1","name":"weather","arguments":"{\"city\": \"Köln\"}"},{"type":"function_call","call_id":"c2","name":"now","arguments":""},
         {"type":"function_call_output","call_id":"c1","output":"rain"},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"12"}]}],
         "tools":[{"type":"function","name":"weather","description":"d","parameters":{"type":"object"},"strict":true},{"type":"function","name":"now","parameters":{"type":"object","properties":{}},"strict":false}],
         "tool_choice":"required","store":false,"parallel_tool_calls":false}
        """);

    [TestCase("\"none\"", "\"none\"")]
    [TestCase("""{"type":"function","function":{"name":"f"}}""", """{"type":"function","name":"f"}""")]
    [TestCase("""{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}""", """{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]}""")]
    public void The_choice_of_a_tool_is_kept(string choice, string expected)
    {
        using var call = TestTranslation.ChatOnResponses($$$"""{"model":"m","messages":[{{{Hi}}}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{{{choice}}}}""");
        TestTranslation.ShouldBe(call.Request()["tool_choice"], expected);
    }

    [Test]
    public void Images_and_documents_are_carried_over() => Becomes(
        """
        {"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aW\/+1h","detail":"high"}},{"type":"image_url","image_url":{"url":"https://e.org/a.png"}},
          {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},{"type":"file","file":{"file_id":"file-1"}}]}]}
        """,
        """
        {"model":"upstream-model","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,aW/+1h","detail":"high"},{"type":"input_image","image_url":"https://e.org/a.png"},
          {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="},{"type":"input_file","file_id":"file-1"}]}],"store":false}
        """);

    [Test]
    public void Reasoning_goes_back_sealed_and_that_of_others_stays()
    {
        using var call = TestTranslation.ChatOnResponses("""
            {"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"x","thinking_blocks":[
             {"type":"thinking","thinking":"x","signature":"openai-encrypted.gAAA"},{"type":"redacted_thinking","data":"openai-encrypted.gBBB"},{"type":"thinking","thinking":"y","signature":"another's"}]},{"role":"user","content":"c"}]}
            """);

        TestTranslation.ShouldBe(call.Request()["input"], """
            [{"role":"user","content":"a"},{"type":"reasoning","summary":[{"type":"summary_text","text":"x"}],"encrypted_content":"gAAA"},{"type":"reasoning","summary":[],"encrypted_content":"gBBB"},
             {"role":"assistant","content":"b"},{"role":"user","content":"c"}]
            """);
        call.Losses.Dropped.Should().Equal("thinking_blocks");
    }

    [Test]
    public void Reasoning_that_is_sealed_does_not_go_to_Anthropic()
    {
        using var call = TestTranslation.ChatOnMessages("""{"model":"m","messages":[{"role":"assistant","content":"b","thinking_blocks":[{"type":"thinking","thinking":"x","signature":"openai-encrypted.gAAA"}]}]}""");

        TestTranslation.ShouldBe(call.Request()["messages"]![0]!["content"], """[{"type":"text","text":"b"}]""");
        call.Losses.Dropped.Should().Equal("thinking_blocks");
    }

    [TestCase("""{"type":"json_object"}""", """{"type":"json_object"}""")]
    [TestCase("""{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object"}}}""", """{"type":"json_schema","name":"x","strict":true,"schema":{"type":"object"}}""")]
    public void A_form_of_the_answer_is_kept(string format, string expected)
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","messages":[{{Hi}}],"response_format":{{format}}}""");
        TestTranslation.ShouldBe(call.Request()["text"]!["format"], expected);
    }

    [Test]
    public void What_is_to_be_kept_is_kept_with_its_metadata()
    {
        using var call = TestTranslation.ChatOnResponses($$$"""{"model":"m","messages":[{{{Hi}}}],"store":true,"metadata":{"a":"b"},"reasoning":{"effort":"none","summary":"auto"}}""");
        TestTranslation.ShouldBe(call.Request(), $$$"""{"model":"upstream-model","input":[{{{Hi}}}],"reasoning":{"effort":"none","summary":"auto"},"store":true,"metadata":{"a":"b"}}""");
    }

    [TestCase("\"seed\":1", "seed")]
    [TestCase("\"n\":2", "n")]
    [TestCase("\"stop\":\"x\"", "stop")]
    [TestCase("\"logprobs\":true", "logprobs")]
    [TestCase("\"frequency_penalty\":0.5", "frequency_penalty")]
    [TestCase("\"logit_bias\":{\"1\":2}", "logit_bias")]
    [TestCase("\"prediction\":{\"type\":\"content\"}", "prediction")]
    [TestCase("\"web_search_options\":{}", "web_search_options")]
    [TestCase("\"background\":true", "background")]
    [TestCase("\"previous_response_id\":\"resp_1\"", "previous_response_id")]
    [TestCase("\"conversation\":\"conv_1\"", "conversation")]
    [TestCase("\"tool_choice\":{\"type\":\"custom\"}", "tool_choice")]
    public void What_the_provider_has_no_word_for_is_refused_by_name_or_dropped_by_name(string field, string name)
    {
        var asked = $$"""{"model":"m","messages":[{{Hi}}],{{field}}}""";
        using var refused = TestTranslation.ChatOnResponses(asked);
        using var dropped = TestTranslation.ChatOnResponses(asked, drops: true);

        refused.Refusal().Should().Be($"'{name}' cannot be carried over to OpenAI's Responses API, which this model's provider speaks. Leave it out, or have the operator set DropUnsupportedParameters.");
        dropped.Request().ContainsKey(name).Should().BeFalse();
        dropped.Losses.Dropped.Should().Equal(name);
    }

    [TestCase("""{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}""", "Content of the type 'input_audio' in 'messages[0].content[0]'")]
    [TestCase("""{"role":"tool","tool_call_id":"c","content":[{"type":"refusal","refusal":"x"}]}""", "Content of the type 'refusal' in 'messages[0].content[0]'")]
    [TestCase("""{"role":"function","name":"f","content":"x"}""", "The role 'function' in 'messages[0]'")]
    [TestCase("""{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"x"}}]}""", "A call of the type 'custom' in 'messages[0].tool_calls[0]'")]
    [TestCase("""{"role":"user","name":"Ann","content":"x"}""", "'messages[0].name' cannot be carried over")]
    [TestCase("""{"role":"user","content":[{"type":"file","file":{"filename":"x"}}]}""", "'messages[0].content[0].file' must be an object with file_data or file_id.")]
    public void What_is_asked_is_never_lost(string message, string what)
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","messages":[{{message}}]}""");
        call.Refusal().Should().StartWith(what);
    }

    [TestCase("\"input\":\"other words\"", "input")]
    [TestCase("\"max_tokens\":1,\"max_output_tokens\":9", "max_output_tokens")]
    [TestCase("\"reasoning_effort\":\"low\",\"include\":[]", "include")]
    public void What_the_translation_writes_itself_cannot_be_stated_beside_it(string fields, string name)
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","messages":[{{Hi}}],{{fields}}}""", drops: true);
        call.Refusal().Should().Be($"'{name}' is what another field of the request becomes at this model's provider, which speaks OpenAI's Responses API. State one of them.");
    }

    [Test]
    public void A_tool_of_the_providers_own_is_refused()
    {
        using var call = TestTranslation.ChatOnResponses($$$"""{"model":"m","messages":[{{{Hi}}}],"tools":[{"type":"web_search"}]}""", drops: true);
        call.Refusal().Should().StartWith("A tool of the type 'web_search' in 'tools[0]'");
    }

    [Test]
    public void An_answer_keeps_words_calls_thinking_and_usage()
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","messages":[{{Hi}}]}""");
        var answer = call.Answer("""
            {"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"gpt-5","service_tier":"default","output":[
             {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"h\u00e4"},{"type":"summary_text","text":"m"}],"encrypted_content":"gAAA"},{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gBBB"},
             {"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"One ","annotations":[]},{"type":"output_text","text":"\"two\" ✓"}]},
             {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}"},{"type":"function_call","id":"fc_2","call_id":"c2","name":"g","arguments":"{}"}],
             "usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":6},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":7},"total_tokens":123}}
            """);

        TestTranslation.ShouldBe(answer, """
            {"id":"resp_1","object":"chat.completion","created":1750000000,"model":"gpt-5","choices":[{"index":0,"message":{"role":"assistant","content":"One \"two\" ✓","refusal":null,"reasoning_content":"hä\n\nm",
             "thinking_blocks":[{"type":"thinking","thinking":"hä\n\nm","signature":"openai-encrypted.gAAA"},{"type":"redacted_thinking","data":"openai-encrypted.gBBB"}],
             "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],
             "service_tier":"default","usage":{"prompt_tokens":36,"completion_tokens":87,"total_tokens":123,"prompt_tokens_details":{"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":7},
             "cache_creation_input_tokens":0,"cache_read_input_tokens":6}}
            """);
    }

    [Test]
    public void A_refusal_is_one()
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","messages":[{{Hi}}]}""");
        var message = call.Answer(ResponseBodies.Response("x").Replace("\"type\":\"output_text\",\"text\":\"x\"", "\"type\":\"refusal\",\"refusal\":\"No.\""))!["choices"]![0]!["message"];

        TestTranslation.ShouldBe(message, """{"role":"assistant","content":null,"refusal":"No."}""");
    }

    [TestCase("max_output_tokens", "length")]
    [TestCase("content_filter", "content_filter")]
    public async Task Reasons_to_stop_are_told_in_the_clients_words(string reason, string expected)
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","messages":[{{Hi}}]}""");
        var whole = ResponseBodies.Response("x", "incomplete").Replace("\"incomplete_details\":null", $$"""
            "incomplete_details":{"reason":"{{reason}}"}
            """.Trim());

        call.Answer(whole)!["choices"]![0]!["finish_reason"]!.GetValue<string>().Should().Be(expected);
        (await call.StreamAsync([Encoding.UTF8.GetBytes(ResponseStreams.Ending(reason))])).Should().Contain($"\"finish_reason\":\"{expected}\"");
    }

    [Test]
    public void An_answer_that_is_no_response_is_none()
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","messages":[{{Hi}}]}""");
        call.Answer("""{"object":"response"}""").Should().BeNull();
    }

    [Test]
    public async Task A_stream_cut_at_any_byte_comes_to_the_same()
    {
        var stream = Encoding.UTF8.GetBytes(ResponseStreams.Agent);
        string? first = null;
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{{Hi}}]}""");
            var chunks = await call.StreamAsync([stream[..cut], stream[cut..]]);
            (first ??= chunks).Should().Be(chunks, "cut at {0}", cut);
        }

        var data = first!.Split("\n\n").Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[6..])!).ToList();
        var deltas = data.Where(chunk => chunk["choices"]!.AsArray().Count > 0).Select(chunk => chunk["choices"]![0]!["delta"]!).ToList();
        string Joined(string name) => string.Concat(deltas.Select(delta => delta[name]?.GetValue<string>()));
        (Joined("role"), Joined("content"), Joined("reasoning_content")).Should().Be(("assistant", "One \"two\" ✓", "hä\n\nm"));
        deltas.SelectMany(delta => delta["thinking_blocks"]?.AsArray() ?? []).Select(block => (block!["signature"] ?? block["data"])?.GetValue<string>()).Where(seal => seal is not null)
            .Should().Equal("openai-encrypted.gAAA/1", "openai-encrypted.gBBB");
        var calls = deltas.SelectMany(delta => delta["tool_calls"]?.AsArray() ?? []).GroupBy(piece => piece!["index"]!.GetValue<int>())
            .Select(pieces => (pieces.Key, pieces.First()!["id"]!.GetValue<string>(), string.Concat(pieces.Select(piece => piece!["function"]!["arguments"]!.GetValue<string>()))));
        calls.Should().Equal((0, "c1", "{\"a\": 1}"), (1, "c2", "{}"));
        data[^2]["choices"]![0]!["finish_reason"]!.GetValue<string>().Should().Be("tool_calls");
        (data[^1]["choices"]!.AsArray().Count, data[^1]["usage"]!["total_tokens"]!.GetValue<int>(), data[^1]["usage"]!["prompt_tokens_details"]!["cached_tokens"]!.GetValue<int>()).Should().Be((0, 123, 6));
        first.Should().EndWith("data: [DONE]\n\n").And.Contain(": ping\n\n");
        data.Should().OnlyContain(chunk => chunk["object"]!.GetValue<string>() == "chat.completion.chunk" && chunk["id"]!.GetValue<string>() == "resp_1");
    }

    [Test]
    public async Task What_was_not_told_in_pieces_is_told_when_it_is_done()
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","stream":true,"messages":[{{Hi}}]}""");
        var stream = ResponseStreams.Event("response.output_item.done", """ "output_index":0,"item":{"type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]}""")
            + ResponseStreams.Event("response.output_item.done", """ "output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"words"}]}""")
            + ResponseStreams.Event("response.output_item.done", """ "output_index":2,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}""") + ResponseStreams.Ending("max_output_tokens");

        var chunks = await call.StreamAsync([Encoding.UTF8.GetBytes(stream)]);

        chunks.Should().Contain("\"content\":\"words\"").And.Contain("\"reasoning_content\":\"b\"").And.Contain("\"arguments\":\"{}\"").And.Contain("\"name\":\"f\"");
        call.Fault.Should().BeNull();
    }

    [Test]
    public async Task A_piece_of_no_call_breaks_the_stream()
    {
        using var call = TestTranslation.ChatOnResponses($$"""{"model":"m","stream":true,"messages":[{{Hi}}]}""");
        await call.StreamAsync([Encoding.UTF8.GetBytes(ResponseStreams.Event("response.function_call_arguments.delta", """ "output_index":2,"delta":"{" """))]);

        call.Fault.Should().Be(AnswerEnd.Broken);
    }

    private static void Becomes(string asked, string expected)
    {
        using var call = TestTranslation.ChatOnResponses(asked);
        TestTranslation.ShouldBe(call.Request(), expected);
        call.Losses.Dropped.Should().BeEmpty();
    }
}
