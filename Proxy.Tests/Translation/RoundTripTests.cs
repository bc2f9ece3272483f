using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;

namespace Proxy.Tests.Translation;

/// <summary>What both APIs can say comes back unchanged from a way through the other.</summary>
internal sealed class RoundTripTests
{
    private static readonly string[] Texts = ["Hi", "Grüße ✓", "a \"quoted\" \\ line\n", "😀", "</script>&'", "{\"json\":1}"];

    [Test]
    public void Chat_through_messages_to_chat_keeps_all_that_both_can_say()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var asked = new Conversation(new Random(seed)).Request();
            using var there = TestTranslation.ChatOnMessages(asked.ToJsonString());
            using var back = TestTranslation.MessagesOnChat(there.Request().ToJsonString());

            var (expected, actual) = (Meaning(asked), Meaning(back.Request()));
            actual.Should().Be(expected, "seed {0} was {1}", seed, asked.ToJsonString());
            there.Losses.Dropped.Concat(back.Losses.Dropped).Should().BeEmpty();
        }
    }

    [Test]
    public void Chat_through_responses_to_chat_keeps_all_that_both_can_say()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var asked = new Conversation(new Random(seed)).Request();
            asked.Remove("stop");
            using var there = TestTranslation.ChatOnResponses(asked.ToJsonString());
            using var back = TestTranslation.Responses(there.Request().ToJsonString());
            var request = back.Request();

            // OpenAI's own chats know the newer name of the bound, other servers the older one.
            request["max_completion_tokens"] = request["max_tokens"]!.DeepClone();
            request.Remove("max_tokens");
            var (expected, actual) = (Meaning(asked), Meaning(request));
            actual.Should().Be(expected, "seed {0} was {1}", seed, asked.ToJsonString());
            there.Losses.Dropped.Should().BeEmpty();
            back.Losses.Dropped.Where(name => name != "include").Should().BeEmpty();
        }
    }

    [Test]
    public void An_answer_through_responses_to_messages_keeps_all_that_both_can_say()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var items = new JsonArray();
            if (random.Next(2) == 0) items.Add(new JsonObject { ["type"] = "reasoning", ["summary"] = new JsonArray(new JsonObject { ["type"] = "summary_text", ["text"] = Text(random) }), ["encrypted_content"] = "g" });
            if (random.Next(3) > 0)
                items.Add(new JsonObject { ["type"] = "message", ["role"] = "assistant", ["content"] = new JsonArray(new JsonObject { ["type"] = "output_text", ["text"] = Text(random) }) });
            for (var call = random.Next(3); call > 0; call--)
                items.Add(new JsonObject { ["type"] = "function_call", ["call_id"] = $"c{call}", ["name"] = "f", ["arguments"] = new JsonObject { [Text(random)] = Text(random) }.ToJsonString() });
            var response = new JsonObject { ["id"] = "r", ["object"] = "response", ["status"] = "completed", ["model"] = "x", ["output"] = items.DeepClone() };
            using var there = TestTranslation.MessagesOnResponses("""{"model":"m","max_tokens":1,"messages":[]}""");
            var message = there.Answer(response.ToJsonString())!;
            using var next = TestTranslation.MessagesOnResponses(new JsonObject { ["model"] = "m", ["max_tokens"] = 1, ["messages"] = new JsonArray(new JsonObject { ["role"] = "assistant", ["content"] = message["content"]!.DeepClone() }) }.ToJsonString());

            var input = next.Request()["input"]!.AsArray();
            string.Join('\n', input.Select(Item)).Should().Be(string.Join('\n', items.Select(Item)), "seed {0}", seed);
            next.Losses.Dropped.Should().BeEmpty();
        }
    }

    /// <summary>An item without the freedom of its form: fields in their order, arguments as what they mean.</summary>
    private static string Item(JsonNode? item)
    {
        var meaning = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in item!.AsObject())
        {
            if (name == "type" && value!.GetValue<string>() == "message") continue;
            meaning[name] = name == "arguments" ? JsonNode.Parse(value!.GetValue<string>())!.ToJsonString() : value!.ToJsonString();
        }

        return JsonSerializer.Serialize(meaning);
    }

    [Test]
    public void An_answer_through_chat_to_messages_keeps_all_that_both_can_say()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var blocks = new JsonArray();
            if (random.Next(2) == 0) blocks.Add(new JsonObject { ["type"] = "thinking", ["thinking"] = Text(random), ["signature"] = "s" });
            if (random.Next(3) > 0) blocks.Add(new JsonObject { ["type"] = "text", ["text"] = Text(random) });
            for (var call = random.Next(3); call > 0; call--)
                blocks.Add(new JsonObject { ["type"] = "tool_use", ["id"] = $"c{call}", ["name"] = "f", ["input"] = new JsonObject { [Text(random)] = Text(random), ["n"] = random.Next() } });
            var stop = blocks.Any(block => block!["type"]!.GetValue<string>() == "tool_use") ? "tool_use" : random.Next(2) == 0 ? "end_turn" : "max_tokens";
            var message = new JsonObject
            {
                ["id"] = "m",
                ["type"] = "message",
                ["role"] = "assistant",
                ["model"] = "x",
                ["content"] = blocks,
                ["stop_reason"] = stop,
                ["stop_sequence"] = null,
                ["usage"] = new JsonObject { ["input_tokens"] = 1 + random.Next(99), ["cache_creation_input_tokens"] = 0, ["cache_read_input_tokens"] = random.Next(99), ["output_tokens"] = random.Next(99) },
            };
            using var there = TestTranslation.ChatOnMessages("""{"model":"m","messages":[]}""");
            using var back = TestTranslation.MessagesOnChat("""{"model":"m","max_tokens":1,"messages":[]}""");

            TestTranslation.ShouldBe(back.Answer(there.Answer(message.ToJsonString())!.ToJsonString()), message.ToJsonString());
        }
    }

    private static string Text(Random random) => Texts[random.Next(Texts.Length)];

    /// <summary>A request without the freedom of its form: text alone or as a part, one field's place before another's.</summary>
    private static string Meaning(JsonObject request)
    {
        var meaning = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in request)
        {
            if (name is "model" or "stream_options" or "messages") continue;
            meaning[name] = name switch
            {
                "response_format" => value!["json_schema"]!["schema"]!.ToJsonString(),
                "stop" => value is JsonArray ? value.ToJsonString() : $"[{value!.ToJsonString()}]",
                _ => value!.ToJsonString(),
            };
        }

        meaning["messages"] = string.Join("\n", request["messages"]!.AsArray().Select(Message));
        return JsonSerializer.Serialize(meaning);
    }

    private static string Message(JsonNode? message)
    {
        var parts = message!["content"] switch
        {
            JsonArray list => list.Select(part => part!.ToJsonString()),
            JsonValue text => [new JsonObject { ["type"] = "text", ["text"] = text.GetValue<string>() }.ToJsonString()],
            _ => [],
        };
        var calls = (message["tool_calls"]?.AsArray() ?? []).Select(call => $"{call!["id"]} {call["function"]!["name"]} {JsonNode.Parse(call["function"]!["arguments"]!.GetValue<string>())!.ToJsonString()}");
        return $"{message["role"]} {message["tool_call_id"]} {string.Join(";", parts)} {string.Join(";", calls)}";
    }

    /// <summary>A conversation made up by chance, of what both APIs can say.</summary>
    private sealed class Conversation(Random random)
    {
        private int _calls;

        public JsonObject Request()
        {
            var messages = new JsonArray();
            if (Chance()) messages.Add(new JsonObject { ["role"] = "system", ["content"] = Content(media: false) });
            for (var turn = random.Next(5); turn >= 0; turn--)
            {
                messages.Add(new JsonObject { ["role"] = "user", ["content"] = Content(media: true) });
                if (Chance()) AddCalls(messages);
                else messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = Text(random) });
            }

            var request = new JsonObject { ["model"] = "m", ["max_completion_tokens"] = 60_000, ["messages"] = messages };
            AddParameters(request);
            return request;
        }

        private bool Chance() => random.Next(2) == 0;

        private void AddCalls(JsonArray messages)
        {
            var calls = new JsonArray();
            var first = _calls;
            for (var count = random.Next(3); count >= 0; count--)
            {
                var arguments = new JsonObject { ["text"] = Text(random), ["list"] = new JsonArray(random.Next(), 1.50m, null, true) };
                calls.Add(new JsonObject { ["id"] = $"call_{_calls++}", ["type"] = "function", ["function"] = new JsonObject { ["name"] = "f", ["arguments"] = arguments.ToJsonString() } });
            }

            messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = Chance() ? null : Text(random), ["tool_calls"] = calls });
            for (var call = first; call < _calls; call++) messages.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = $"call_{call}", ["content"] = Content(media: false) });
        }

        private JsonNode Content(bool media)
        {
            if (Chance()) return Text(random);

            var parts = new JsonArray();
            for (var count = random.Next(3); count >= 0; count--)
            {
                parts.Add(!media || Chance() ? new JsonObject { ["type"] = "text", ["text"] = Text(random) }
                    : random.Next(3) switch
                    {
                        0 => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = "https://example.org/a.png?b=c&d" } },
                        1 => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = "data:image/jpeg;base64,/9j/4AA+" } },
                        _ => new JsonObject { ["type"] = "file", ["file"] = new JsonObject { ["filename"] = "ä.pdf", ["file_data"] = "data:application/pdf;base64,JVBERi0=" } },
                    });
            }

            return parts;
        }

        private void AddParameters(JsonObject request)
        {
            if (Chance()) request["temperature"] = 0.25m;
            if (Chance()) request["top_p"] = 0.5m;
            if (Chance()) request["stop"] = Chance() ? "x" : new JsonArray("x", "y");
            if (Chance()) request["stream"] = true;
            if (Chance()) request["user"] = Text(random);
            if (Chance()) request["service_tier"] = Chance() ? "auto" : "default";
            if (Chance()) request["reasoning_effort"] = ((string[])["minimal", "low", "medium", "high"])[random.Next(4)];
            if (Chance())
                request["response_format"] = new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "answer", ["strict"] = true, ["schema"] = new JsonObject { ["type"] = "object" } } };
            if (Chance()) return;

            request["tools"] = new JsonArray(new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = "f", ["description"] = Text(random), ["parameters"] = new JsonObject { ["type"] = "object" }, ["strict"] = true },
            });
            request["tool_choice"] = random.Next(4) switch
            {
                0 => "auto",
                1 => "required",
                2 => "none",
                _ => new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = "f" } },
            };
            if (Chance() && request["tool_choice"]!.ToJsonString() != "\"none\"") request["parallel_tool_calls"] = false;
        }
    }
}
