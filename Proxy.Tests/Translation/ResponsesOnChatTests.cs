using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>Clients of OpenAI's Responses API at providers of chat completions, and through them of messages.</summary>
internal sealed class ResponsesOnChatTests
{
    private const string Agent = """
        {"model":"m","instructions":"Be brief.","max_output_tokens":9000,"reasoning":{"effort":"low","summary":"auto"},"store":false,"stream":true,"parallel_tool_calls":true,
         "include":["reasoning.encrypted_content"],"text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object"}}},"tool_choice":{"type":"function","name":"f"},
         "tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":false}],
         "input":[{"role":"developer","content":"Rules"},{"type":"message","role":"user","content":[{"type":"input_text","text":"Look ✓"},{"type":"input_image","image_url":"data:image/png;base64,aWk=","detail":"auto"},
           {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}]},
          {"type":"reasoning","id":"rs_1","summary":[]},{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Well.","annotations":[]}]},
          {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}"},{"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
          {"type":"function_call_output","call_id":"c1","output":"one"},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"}]},{"role":"user","content":"So?"}]}
        """;

    [Test]
    public void Messages_beside_the_input_are_refused()
    {
        using var call = TestTranslation.Responses("""{"model":"m","input":"Hi","messages":[{"role":"user","content":"other words"}]}""");
        call.Refusal().Should().StartWith("'messages' is what another field of the request becomes");
    }

    [Test]
    public void A_request_becomes_a_chat()
    {
        using var call = TestTranslation.Responses(Agent, "deepseek");
        TestTranslation.ShouldBe(call.Request(), """
            {"model":"upstream-model","messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":"Rules"},
              {"role":"user","content":[{"type":"text","text":"Look ✓"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aWk=","detail":"auto"}},
                {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]},
              {"role":"assistant","content":[{"type":"text","text":"Well."}],"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"two"}]},{"role":"user","content":"So?"}],
             "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":false}}],"tool_choice":{"type":"function","function":{"name":"f"}},
             "response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}},"reasoning_effort":"low","stream_options":{"include_usage":true},
             "max_tokens":9000,"stream":true}
            """);
        call.Losses.Dropped.Should().Equal("reasoning", "include");
    }

    [Test]
    public void A_request_becomes_a_message_through_a_chat()
    {
        using var call = TestTranslation.Responses(Agent, "anthropic");
        TestTranslation.ShouldBe(call.Request(), """
            {"model":"upstream-model","max_tokens":9000,"system":[{"type":"text","text":"Be brief."},{"type":"text","text":"Rules"}],"messages":[
              {"role":"user","content":[{"type":"text","text":"Look ✓"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aWk="}},
                {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="},"title":"a.pdf"}]},
              {"role":"assistant","content":[{"type":"text","text":"Well."},{"type":"tool_use","id":"c1","name":"f","input":{"a":1}},{"type":"tool_use","id":"c2","name":"f","input":{}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"one"},{"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"two"}]},{"type":"text","text":"So?"}]}],
             "tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"},
             "thinking":{"type":"enabled","budget_tokens":2048},"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}},"stream":true}
            """);
    }

    [TestCase("\"background\":true", "'background' cannot be carried over to OpenAI's API")]
    [TestCase("\"store\":true", "'store' cannot be carried over to OpenAI's API")]
    [TestCase("\"previous_response_id\":\"resp_0\"", "What is kept elsewhere in 'previous_response_id' cannot be carried over")]
    [TestCase("\"tools\":[{\"type\":\"web_search\"}]", "A tool of the type 'web_search' in 'tools[0]' cannot be carried over")]
    public void What_chats_have_no_word_for_is_refused_by_name(string field, string sentence)
    {
        using var call = TestTranslation.Responses("""{"model":"m","input":"x",""" + field + "}");
        call.Refusal().Should().StartWith(sentence);
    }

    [TestCase("""{"type":"computer_call"}""")]
    [TestCase("""{"role":"user","content":[{"type":"input_file","file_id":"f"}]}""")]
    public void What_is_asked_is_never_dropped(string item)
    {
        using var call = TestTranslation.Responses($$"""{"model":"m","input":[{{item}}]}""", drops: true);
        call.Refusal().Should().Contain("cannot be carried over");
    }

    [Test]
    public void An_answer_keeps_words_calls_reasoning_and_usage()
    {
        using var call = TestTranslation.Responses("""{"model":"m","input":"x"}""");
        var answer = call.Answer("""
            {"id":"1","object":"chat.completion","model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":"One \"two\" ✓","reasoning_content":"h\u00e4","tool_calls":[
             {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]},"finish_reason":"length"}],
             "usage":{"prompt_tokens":60,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":30},"completion_tokens_details":{"reasoning_tokens":3}}}
            """)!;

        TestTranslation.ShouldBe(answer["output"], """
            [{"type":"reasoning","id":"rs_resp_1_0","summary":[{"type":"summary_text","text":"hä"}]},
             {"type":"message","id":"msg_resp_1_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"One \"two\" ✓","annotations":[]}]},
             {"type":"function_call","id":"fc_resp_1_2","status":"completed","call_id":"c1","name":"f","arguments":"{\"a\": 1}"}]
            """);
        TestTranslation.ShouldBe(answer["usage"], """{"input_tokens":60,"input_tokens_details":{"cached_tokens":30},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":67}""");
        TestTranslation.ShouldBe(answer["incomplete_details"], """{"reason":"max_output_tokens"}""");
        (answer["id"]!.GetValue<string>(), answer["status"]!.GetValue<string>()).Should().Be(("resp_1", "incomplete"));
    }

    [TestCase("mistral")]
    [TestCase("anthropic")]
    public async Task A_stream_cut_at_any_byte_comes_to_the_same_and_its_last_event_has_it_whole(string provider)
    {
        var stream = provider == "anthropic" ? Encoding.UTF8.GetBytes(ChatOnMessagesTests.AgentStream) : ProviderScript.Stream(MessagesOnChatTests.AgentStream).Body;
        string? first = null;
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            using var call = TestTranslation.Responses(Agent, provider);
            var whole = await call.StreamAsync([stream[..cut], stream[cut..]]);
            (first ??= whole).Should().Be(whole, "cut at {0}", cut);
        }

        var events = first!.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(entry => entry[0] != ':')
            .Select(entry => JsonNode.Parse(entry[(entry.IndexOf("data: ", StringComparison.Ordinal) + 6)..])!).ToList();
        events.Select(entry => entry["sequence_number"]!.GetValue<int>()).Should().Equal(Enumerable.Range(0, events.Count));
        string Joined(string type) => string.Concat(events.Where(entry => entry["type"]!.GetValue<string>() == type).Select(entry => entry["delta"]!.GetValue<string>()));
        (Joined("response.reasoning_summary_text.delta"), Joined("response.output_text.delta")).Should().Be(("häm", "One \"two\" ✓"));
        var response = events[^1]["response"]!;
        (events[^1]["type"]!.GetValue<string>(), response["status"]!.GetValue<string>()).Should().Be(("response.completed", "completed"));
        response["output"]!.AsArray().Select(item => item!["type"]!.GetValue<string>()).Should().Equal("reasoning", "message", "function_call", "function_call");
        (response["output"]![1]!["content"]![0]!["text"]!.GetValue<string>(), response["output"]![2]!["arguments"]!.GetValue<string>()).Should().Be(("One \"two\" ✓", "{\"a\": 1}"));
        response["output"]!.AsArray().Select(item => item!.ToJsonString()).Should()
            .Equal(events.Where(entry => entry["type"]!.GetValue<string>() == "response.output_item.done").Select(entry => entry["item"]!.ToJsonString()));
        response["usage"]!["total_tokens"]!.GetValue<int>().Should().Be(provider == "anthropic" ? 65 : 11);
    }
}
