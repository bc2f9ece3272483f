using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;

namespace Proxy.Tests.Translation;

/// <summary>What no client should say: it is refused with a sentence or passes, and is never an exception.</summary>
internal sealed class HostileTranslationTests
{
    private static readonly string[] Values = ["null", "7", "\"x\"", "\"\"", "true", "[]", "{}", "[null]", "[[]]", "[7]", "[\"x\"]", "[{}]", "{\"type\":7}", "[{\"type\":null}]", "[{\"type\":{}}]", "\"\\ud800\"", "[{\"type\":\"\\ud800\"}]", "1e999", "-1"];

    private const string Chat = """
        {"model":"m","max_tokens":9,"service_tier":"auto","metadata":{"a":"b"},"user":"u","stop":["x"],"temperature":1,"top_p":1,"reasoning_effort":"low","parallel_tool_calls":true,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}},
         "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{}}}],"tool_choice":{"type":"function","function":{"name":"f"}},
         "messages":[{"role":"system","content":[{"type":"text","text":"x"}]},{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aWk=","detail":"low"}},{"type":"file","file":{"filename":"a","file_data":"data:application/pdf;base64,aWk="}}]},
          {"role":"assistant","content":"x","reasoning_content":"r","thinking_blocks":[{"type":"thinking","thinking":"x","signature":"s"}],"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
          {"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"x"}]}]}
        """;

    private const string Messages = """
        {"model":"m","max_tokens":9,"service_tier":"auto","metadata":{"user_id":"b"},"stop_sequences":["x"],"temperature":1,"top_p":1,"top_k":1,"thinking":{"type":"enabled","budget_tokens":2000},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}},
         "context_management":{"edits":[{"type":"clear_thinking_20251015"}]},"tools":[{"type":"custom","name":"f","description":"d","input_schema":{},"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"system":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}],
         "messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aWk="}},{"type":"image","source":{"type":"url","url":"https://e.org"}},{"type":"document","title":"t","context":"c","source":{"type":"base64","media_type":"application/pdf","data":"aWk="}},{"type":"document","source":{"type":"content","content":[{"type":"text","text":"x"}]}}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"s"},{"type":"redacted_thinking","data":"x"},{"type":"tool_use","id":"a","name":"f","input":{}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aWk="}}],"is_error":true}]}]}
        """;

    private const string Response = """
        {"model":"m","max_output_tokens":9,"instructions":"x","service_tier":"auto","metadata":{"a":"b"},"temperature":1,"reasoning":{"effort":"low","summary":"auto"},"text":{"format":{"type":"json_schema","name":"n","schema":{}},"verbosity":"low"},"include":["reasoning.encrypted_content"],
         "tools":[{"type":"function","name":"f","parameters":{},"strict":false}],"tool_choice":{"type":"function","name":"f"},
         "input":[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_image","image_url":"data:image/png;base64,aWk=","detail":"low"},{"type":"input_file","filename":"a","file_data":"data:application/pdf;base64,aWk="}]},
          {"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"x"}],"encrypted_content":"e"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":[{"type":"input_text","text":"x"}]}]}
        """;

    private static readonly (string Name, string Asked, Func<string, bool, TestTranslation> Open)[] Ways =
    [
        ("ChatOnMessages", Chat, TestTranslation.ChatOnMessages),
        ("ChatOnResponses", Chat, TestTranslation.ChatOnResponses),
        ("ChatOnConverse", Chat, TestTranslation.ChatOnConverse),
        ("MessagesOnChat", Messages, (asked, drops) => TestTranslation.MessagesOnChat(asked, drops)),
        ("MessagesOnResponses", Messages, TestTranslation.MessagesOnResponses),
        ("MessagesOnConverse", Messages, TestTranslation.MessagesOnConverse),
        ("ResponsesOnChat", Response, (asked, drops) => TestTranslation.Responses(asked, "mistral", drops)),
        ("ResponsesOnMessages", Response, (asked, drops) => TestTranslation.Responses(asked, "anthropic", drops)),
    ];

    private static readonly string[] Names = [.. Ways.Select(way => way.Name)];

    [TestCaseSource(nameof(Names))]
    public void A_value_of_any_kind_anywhere_in_a_request_is_carried_or_refused(string name)
    {
        var (_, whole, open) = Ways.Single(way => way.Name == name);
        var (carried, refused) = (0, 0);
        foreach (var asked in Mutations(whole))
        {
            foreach (var drops in (bool[])[false, true]) Try(() => open(asked, drops), Count, asked);
        }

        (carried + refused).Should().BeGreaterThan(1000);

        void Count(TestTranslation call)
        {
            if (call.TryRequestAsync().GetAwaiter().GetResult() is null) refused++;
            else carried++;
        }
    }

    /// <summary>The whole with each of its values replaced by each of the values, and each left out.</summary>
    private static IEnumerable<string> Mutations(string whole)
    {
        var root = JsonNode.Parse(whole)!;
        foreach (var path in Paths(root, []).ToList())
        {
            foreach (var value in Values)
            {
                var copy = root.DeepClone();
                var parent = path[..^1].Aggregate(copy, (node, step) => step is int index ? node[index]! : node[(string)step]!);
                var mark = JsonValue.Create("\u0001");
                if (path[^1] is int at) parent[at] = mark;
                else parent[(string)path[^1]] = mark;
                yield return copy.ToJsonString().Replace("\"\\u0001\"", value);
            }
        }
    }

    private static IEnumerable<object[]> Paths(JsonNode? node, object[] above)
    {
        if (above.Length > 0 && !(above.Length == 1 && above[0] is "model")) yield return above;
        var below = node switch
        {
            JsonObject fields => fields.SelectMany(field => Paths(field.Value, [.. above, field.Key])),
            JsonArray entries => entries.SelectMany((entry, index) => Paths(entry, [.. above, index])),
            _ => [],
        };
        foreach (var path in below) yield return path;
    }

    private static void Try(Func<TestTranslation> open, Action<TestTranslation> act, string asked)
    {
        TestTranslation call;
        try
        {
            call = open();
        }
        catch (AssertionException)
        {
            // Refused before anything is translated.
            return;
        }

        try
        {
            act(call);
        }
        catch (Exception exception) when (exception is not AssertionException)
        {
            Assert.Fail($"{exception.GetType().Name} {exception.Message} for {asked}\n{exception.StackTrace}");
        }
        finally
        {
            call.Dispose();
        }
    }
}
