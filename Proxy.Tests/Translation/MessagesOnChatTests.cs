using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>Clients of Anthropic's Messages API at a provider of OpenAI's chat completions.</summary>
internal sealed class MessagesOnChatTests
{
    private const string Hi = """{"role":"user","content":"Hi"}""";
    private const string Plain = $$"""{"model":"m","max_tokens":9,"messages":[{{Hi}}]}""";

    /// <summary>As an agent sends it: cached system blocks, tools, thinking, results with a picture, a failed tool.</summary>
    private const string Agent = """
        {"model":"m","max_tokens":32000,"stream":true,"metadata":{"user_id":"u-1"},"thinking":{"type":"enabled","budget_tokens":10000},"temperature":1,
         "system":[{"type":"text","text":"You are an agent.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Rules"}],
         "context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},
         "tools":[{"name":"Read","description":"Reads.","input_schema":{"type":"object","properties":{"p":{"type":"string"}}},"cache_control":{"type":"ephemeral","ttl":"1h"},"eager_input_streaming":true},
                  {"type":"custom","name":"Now","input_schema":{"type":"object"}}],
         "tool_choice":{"type":"auto","disable_parallel_tool_use":true},"stop_sequences":["x"],
         "messages":[{"role":"user","content":[{"type":"text","text":"Look","cache_control":{"type":"ephemeral"}}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Reading."},{"type":"tool_use","id":"t1","name":"Read","input":{"p":"K\u00f6ln"}},{"type":"tool_use","id":"t2","name":"Now","input":{}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"a picture"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aWk="}}]},
            {"type":"tool_result","tool_use_id":"t2","content":"no clock","is_error":true},{"type":"text","text":"So?"}]}]}
        """;

    [Test]
    public void An_agents_request_is_carried_over()
    {
        using var call = TestTranslation.MessagesOnChat(Agent);
        TestTranslation.ShouldBe(call.Request(), """
            {"model":"upstream-model","messages":[{"role":"system","content":[{"type":"text","text":"You are an agent."},{"type":"text","text":"Rules"}]},
              {"role":"user","content":[{"type":"text","text":"Look"}]},
              {"role":"assistant","content":[{"type":"text","text":"Reading."}],"tool_calls":[{"id":"t1","type":"function","function":{"name":"Read","arguments":"{\"p\":\"K\\u00f6ln\"}"}},
                {"id":"t2","type":"function","function":{"name":"Now","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"t1","content":[{"type":"text","text":"a picture"}]},{"role":"tool","tool_call_id":"t2","content":"Error: no clock"},
              {"role":"user","content":[{"type":"text","text":"Result of the tool call t1:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aWk="}},{"type":"text","text":"So?"}]}],
             "tools":[{"type":"function","function":{"name":"Read","description":"Reads.","parameters":{"type":"object","properties":{"p":{"type":"string"}}}}},
               {"type":"function","function":{"name":"Now","parameters":{"type":"object"}}}],
             "parallel_tool_calls":false,"tool_choice":"auto","reasoning_effort":"medium","stream_options":{"include_usage":true},"max_completion_tokens":32000,"stream":true,"user":"u-1","temperature":1,"stop":["x"]}
            """);
        call.Losses.Dropped.Should().Equal("thinking");
    }

    [Test]
    public void Documents_are_carried_over()
    {
        using var call = TestTranslation.MessagesOnChat("""
            {"model":"m","max_tokens":9,"messages":[{"role":"user","content":[
              {"type":"document","title":"a.pdf","context":"Old.","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}},
              {"type":"document","title":"b.txt","source":{"type":"text","media_type":"text/plain","data":"Hällo"}},
              {"type":"image","source":{"type":"url","url":"https://e.org/a.png"}}]}]}
            """);
        TestTranslation.ShouldBe(call.Request()["messages"]![0]!["content"], """
            [{"type":"text","text":"Old."},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},
             {"type":"text","text":"b.txt"},{"type":"text","text":"Hällo"},{"type":"image_url","image_url":{"url":"https://e.org/a.png"}}]
            """);
    }

    [TestCase("\"top_k\":5", "top_k")]
    [TestCase("\"mcp_servers\":[{}]", "mcp_servers")]
    [TestCase("\"service_tier\":12", "service_tier")]
    [TestCase("\"service_tier\":{\"a\":1}", "service_tier")]
    [TestCase("\"service_tier\":[\"flex\"]", "service_tier")]
    [TestCase("\"service_tier\":true", "service_tier")]
    [TestCase("\"container\":\"c\"", "container")]
    [TestCase("\"stop_sequences\":[\"1\",\"2\",\"3\",\"4\",\"5\"]", "stop_sequences beyond 4")]
    [TestCase("\"context_management\":{\"edits\":[{\"type\":\"clear_tool_uses_20250919\"}]}", "context_management")]
    [TestCase("\"output_config\":{\"task_budget\":{\"total\":1}}", "output_config.task_budget")]
    [TestCase("\"tools\":[{\"name\":\"f\",\"input_schema\":{},\"defer_loading\":true}]", "tools[0].defer_loading")]
    public void What_the_provider_has_no_word_for_is_refused_by_name_or_dropped_by_name(string field, string name)
    {
        var asked = Plain[..^1] + "," + field + "}";
        using var refused = TestTranslation.MessagesOnChat(asked);
        using var dropped = TestTranslation.MessagesOnChat(asked, drops: true);

        refused.Refusal().Should().StartWith($"'{name}' cannot be carried over to OpenAI's API");
        dropped.Request();
        dropped.Losses.Dropped.Should().Equal(name);
    }

    [TestCase("""{"type":"web_search_20250305","name":"web_search"}""", "The provider's own tool 'web_search_20250305' in 'tools[0]' cannot be carried over to OpenAI's API")]
    public void A_tool_of_the_providers_own_is_refused(string tool, string sentence)
    {
        using var call = TestTranslation.MessagesOnChat(Plain[..^1] + ",\"tools\":[" + tool + "]}", drops: true);
        call.Refusal().Should().StartWith(sentence);
    }

    [TestCase("""{"type":"search_result"}""")]
    [TestCase("""{"type":"image","source":{"type":"file","file_id":"f"}}""")]
    public void What_is_asked_is_never_dropped(string block)
    {
        using var call = TestTranslation.MessagesOnChat($$"""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{{block}}]}]}""", drops: true);
        call.Refusal().Should().Contain("cannot be carried over");
    }

    [Test]
    public void A_server_that_only_speaks_OpenAIs_API_gets_the_old_name_and_more_fields()
    {
        using var call = TestTranslation.MessagesOnChat(Plain[..^1] + ",\"top_k\":5}", address: "http://localhost:8000/v1");
        TestTranslation.ShouldBe(call.Request(), $$"""{"model":"upstream-model","messages":[{{Hi}}],"max_tokens":9,"top_k":5}""");
    }

    [Test]
    public void A_users_name_that_is_too_long_becomes_its_hash()
    {
        using var call = TestTranslation.MessagesOnChat(Plain[..^1] + ",\"metadata\":{\"user_id\":\"" + new string('u', 65) + "\"}}");
        call.Request()["user"]!.GetValue<string>().Should().MatchRegex("^[0-9a-f]{64}$");
    }

    [Test]
    public void An_answer_keeps_words_calls_reasoning_and_usage()
    {
        using var call = TestTranslation.MessagesOnChat(Plain);
        TestTranslation.ShouldBe(call.Answer("""
            {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":"One \"two\" ✓","reasoning_content":"h\u00e4","tool_calls":[
             {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": [1,2]}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":""}},{"id":"c3","type":"function","function":{"name":"h","arguments":"{oops"}}]},
             "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":60,"completion_tokens":7,"total_tokens":67,"prompt_tokens_details":{"cached_tokens":30},"completion_tokens_details":{"reasoning_tokens":3}}}
            """), """
            {"id":"chatcmpl-1","type":"message","role":"assistant","model":"gpt-x","content":[{"type":"thinking","thinking":"hä","signature":""},{"type":"text","text":"One \"two\" ✓"},
             {"type":"tool_use","id":"c1","name":"f","input":{"a":[1,2]}},{"type":"tool_use","id":"c2","name":"g","input":{}},{"type":"tool_use","id":"c3","name":"h","input":{"unparsed_arguments":"{oops"}}],
             "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":30,"cache_creation_input_tokens":0,"cache_read_input_tokens":30,"output_tokens":7}}
            """);
    }

    [TestCase("stop", "end_turn")]
    [TestCase("length", "max_tokens")]
    [TestCase("content_filter", "refusal")]
    public async Task Reasons_to_stop_are_told_in_the_clients_words(string finish, string expected)
    {
        using var call = TestTranslation.MessagesOnChat(Plain);
        call.Answer(OpenAiBodies.Chat("x").Replace("\"stop\"", $"\"{finish}\""))!["stop_reason"]!.GetValue<string>().Should().Be(expected);
        (await call.StreamAsync([Sse([OpenAiBodies.Chunk("x"), OpenAiBodies.Chunk("{}", finish), "[DONE]"])])).Should().Contain($"\"stop_reason\":\"{expected}\"");
    }

    [Test]
    public void A_refusal_is_told_in_its_words()
    {
        using var call = TestTranslation.MessagesOnChat(Plain);
        var answer = call.Answer("""{"choices":[{"message":{"role":"assistant","content":null,"refusal":"I will not."},"finish_reason":"stop"}]}""")!;
        (answer["content"]![0]!["text"]!.GetValue<string>(), answer["stop_reason"]!.GetValue<string>()).Should().Be(("I will not.", "refusal"));
    }

    [TestCase("""{"choices":[]}""")]
    [TestCase("""{"object":"list"}""")]
    public void An_answer_that_is_no_completion_is_none(string answer)
    {
        using var call = TestTranslation.MessagesOnChat(Plain);
        call.Answer(answer).Should().BeNull();
    }

    [Test]
    public async Task A_stream_cut_at_any_byte_comes_to_the_same()
    {
        var stream = Sse(AgentStream);
        string? first = null;
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            using var call = TestTranslation.MessagesOnChat(Agent);
            var events = await call.StreamAsync([stream[..cut], stream[cut..]]);
            (first ??= events).Should().Be(events, "cut at {0}", cut);
        }

        var all = Events(first!);
        all.Select(entry => entry["type"]!.GetValue<string>()).Should().Equal(
            "message_start", "content_block_start", "content_block_delta", "content_block_stop", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
            "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop", "content_block_start", "content_block_stop", "message_delta", "message_stop");
        string Joined(string name) => string.Concat(all.Select(entry => entry["delta"]?[name]?.GetValue<string>()));
        (Joined("thinking"), Joined("text"), Joined("partial_json")).Should().Be(("häm", "One \"two\" ✓", "{\"a\": 1}"));
        all.Select(entry => entry["content_block"]?["id"]?.GetValue<string>()).OfType<string>().Should().Equal("c1", "c2");
        all.Where(entry => entry["index"] is not null).Select(entry => entry["index"]!.GetValue<int>()).Should().BeInAscendingOrder();
        TestTranslation.ShouldBe(all[^2], """
            {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}}
            """);
    }

    [Test]
    public async Task Calls_that_share_an_index_are_told_apart_by_their_ids()
    {
        using var call = TestTranslation.MessagesOnChat(Agent);
        var events = Events(await call.StreamAsync([Sse(
        [
            OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}""", null),
            OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":1}"}}]}""", null), "[DONE]",
        ])]));

        events.Select(entry => entry["content_block"]?["id"]?.GetValue<string>()).OfType<string>().Should().Equal("a", "b");
        events[^2]["delta"]!["stop_reason"]!.GetValue<string>().Should().Be("tool_use");
    }

    [Test]
    public async Task A_piece_of_a_call_that_is_over_breaks_the_stream_and_is_not_lost()
    {
        using var call = TestTranslation.MessagesOnChat(Agent);
        await call.StreamAsync([Sse(
        [
            OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}},{"index":1,"id":"b","function":{"name":"f","arguments":"{}"}}]}""", null),
            OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}""", null),
        ])]);

        call.Fault.Should().Be(AnswerEnd.Broken);
    }

    public static readonly string[] AgentStream =
    [
        OpenAiBodies.Chunk("""{"role":"assistant","content":""}""", null),
        OpenAiBodies.Chunk("""{"reasoning_content":"h\u00e4m"}""", null),
        OpenAiBodies.Chunk("One "), OpenAiBodies.Chunk("\"two\" ✓"),
        OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}""", null),
        OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\": "}}]}""", null),
        OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"1}"}},{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":""}}]}""", null),
        OpenAiBodies.Chunk("{}", "tool_calls"), OpenAiBodies.UsageChunk(), "[DONE]",
    ];

    private static byte[] Sse(IEnumerable<string> events) => ProviderScript.Stream(events).Body;

    private static List<JsonNode> Events(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(entry => JsonNode.Parse(entry[(entry.IndexOf("data: ", StringComparison.Ordinal) + 6)..])!)];
}
