using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;

namespace Proxy.Tests.Gateway;

/// <summary>What admins see and try of the targets that proxy.json names for everybody.</summary>
internal sealed class CallbackDeskTests
{
    [Test]
    public async Task The_gateways_own_targets_are_listed_and_tried_with_the_real_sender()
    {
        await using var langfuse = await FakeLangfuse.StartAsync();
        var all = langfuse.AddProject("all");
        await using var gateway = await TestGateway.StartAsync(sections: new JsonObject
        {
            ["CompletionLog"] = new JsonObject
            {
                ["Targets"] = new JsonObject
                {
                    ["all"] = new JsonObject { ["Callback"] = "langfuse", ["Type"] = "failure", ["Vars"] = TestCallbacks.Langfuse(all.Target)["callback_vars"]!.DeepClone() },
                },
            },
        });
        using var key = gateway.With(await gateway.CreateKeyAsync());

        var active = JsonNode.Parse(await gateway.Admin.GetStringAsync("/active/callbacks"))!;
        var good = await GetAsync(gateway.Admin, "/health/services?service=langfuse");
        langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(500));
        var bad = await GetAsync(gateway.Admin, "/health/services?service=langfuse");
        var other = await GetAsync(gateway.Admin, "/health/services?service=webhook");
        var unknown = await GetAsync(gateway.Admin, "/health/services?service=slack");
        var forbidden = await GetAsync(key, "/health/services?service=langfuse");

        (active["litellm.failure_callback"]!.ToJsonString(), active["litellm.success_callback"]!.ToJsonString(), active["num_callbacks"]!.GetValue<int>())
            .Should().Be(("[\"langfuse\"]", "[]", 1));
        good.Should().Be((200, "success"));
        all.Spans.Select(span => span.Name).Should().Equal("callback test");
        (bad.Status, other.Status, unknown.Status, forbidden.Status).Should().Be((503, 422, 400, 401));
    }

    private static async Task<(int Status, string? Word)> GetAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["status"]?.GetValue<string>());
    }
}
