using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Promise 1: a caller that has seen the end of an answer finds that call in the ledger and in Langfuse, whatever happens.</summary>
[OnEachEngine]
internal sealed class KillTests
{
    private const string MasterKey = "sk-master-key-of-the-kill-test";
    private const int Callers = 16;
    private const int Kills = 3;
    private const int CallsPerLife = 400;

    [Test]
    public async Task No_acknowledged_call_is_lost_when_the_process_is_killed_under_load()
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var langfuse = await FakeLangfuse.StartAsync();
        var project = langfuse.AddProject("kept");
        using var folder = await TestFolder.CreateAsync();
        folder.WriteConfig(TestClusters.At(provider.Address));
        provider.Answer = (context, call) => call.Body.Contains("\"stream\":true")
            ? FakeProvider.Stream(context, OpenAiBodies.Stream("One", "two"))
            : FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));

        string? key = null;
        var unsummed = 0L;
        var acknowledged = new ConcurrentBag<string>();
        for (var life = 0; life < Kills; life++)
        {
            await using var gateway = await StartAsync(folder);
            key ??= await CreateKeyAsync(gateway, project);
            await LoadUntilKilledAsync(gateway, key, acknowledged);
            unsummed += (await folder.QueryAsync<long>("select count(*) from spend_unsummed")).Single();
        }

        await using var last = await StartAsync(folder);
        var ledger = (await folder.LedgerAsync()).Where(row => row.Outcome == "Success").Select(row => row.CallId).ToHashSet();

        acknowledged.Count.Should().BeGreaterThanOrEqualTo(Kills * CallsPerLife);
        acknowledged.Except(ledger).Should().BeEmpty("each acknowledged call is in the ledger");

        await langfuse.WaitForSpansAsync(project.PublicKey, ledger.Count);
        var logged = project.Spans.Select(span => span.TraceId).ToHashSet();
        acknowledged.Except(logged).Should().BeEmpty("each acknowledged call is in Langfuse");
        langfuse.Faults.Should().BeEmpty();

        unsummed.Should().BePositive("it is killed while calls are in the book and not in the sums");
        (await folder.QueryAsync<long>("select count(*) from spend_unsummed")).Should().Equal(0);
        var (rows, total) = (await folder.QueryAsync<(long, long)>("select cast(sum(cost) as bigint), (select spend from api_key) from spend_log")).Single();
        total.Should().Be(rows, "the key's spend is the sum of its calls");
        (await folder.QueryAsync<(string, long)>("select 'team', spend from team union all select kind, spend from account order by 1")).Should().Equal(
            ((string[])["end_user", "organization", "organization_member", "proxy", "tag", "team", "team_member", "user"]).Select(scope => (scope, rows)), "every scope of the calls has spent the same");
        (await folder.QueryAsync<(long, long, long)>("""
            select count(*), cast(sum(cost) as bigint), cast(sum(input_tokens + cached_input_tokens + cache_write_tokens + output_tokens + reasoning_tokens) as bigint) from spend_log
            """)).Should().Equal(
            await folder.QueryAsync<(long, long, long)>(
                "select cast(sum(requests) as bigint), cast(sum(spend) as bigint), cast(sum(prompt_tokens + completion_tokens) as bigint) from spend_day"),
            "the days are the sums of their calls");
    }

    private static async Task LoadUntilKilledAsync(GatewayProcess gateway, string key, ConcurrentBag<string> acknowledged)
    {
        var before = acknowledged.Count;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            using var client = gateway.With(key);
            try
            {
                for (var call = 0; ; call++)
                {
                    acknowledged.Add(await CallAsync(client, isStream: (caller + call) % 2 == 0));
                    if (acknowledged.Count - before >= CallsPerLife) enough.TrySetResult();
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // Killed in the middle of it: not acknowledged.
            }
        })).ToList();

        await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await gateway.KillAsync();
        await Task.WhenAll(callers);
    }

    private static async Task<string> CallAsync(HttpClient client, bool isStream)
    {
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", new JsonObject
        {
            ["model"] = "gpt-4o-mini",
            ["stream"] = isStream,
            ["user"] = "c-1",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hello" }),
        });
        var body = await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        if (isStream) body.Should().EndWith("data: [DONE]\n\n");
        return response.Headers.GetValues("x-litellm-call-id").Single().Replace("-", "");
    }

    private static Task<GatewayProcess> StartAsync(TestFolder folder) =>
        GatewayProcess.StartAsync(folder, new Dictionary<string, string> { ["PROXY_MASTER_KEY"] = MasterKey });

    private static async Task<string> CreateKeyAsync(GatewayProcess gateway, FakeProject project)
    {
        var team = (await gateway.PostAsync(MasterKey, "/team/new", new JsonObject { ["organization_id"] = "o-1" }))["team_id"]!.GetValue<string>();
        await gateway.PostAsync(MasterKey, $"/team/{team}/callback", TestCallbacks.Langfuse(project.Target));
        return (await gateway.PostAsync(MasterKey, "/key/generate", new JsonObject { ["team_id"] = team, ["user_id"] = "u-1", ["tags"] = new JsonArray("red") }))["key"]!.GetValue<string>();
    }
}
