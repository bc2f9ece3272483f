using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Logging;

namespace Proxy.Tests.Gateway;

/// <summary>
/// The audit of promise 1: the real process under load and killed again and again, with a Langfuse that does all that a Langfuse can do
/// wrong. Each acknowledged call is found exactly once by its id, at the project of its own team, and nothing else is anywhere.
/// </summary>
[NonParallelizable]
[OnEachEngine]
internal sealed class AuditTests
{
    private const string MasterKey = "sk-master-key-of-the-audit-test";
    private const int Callers = 16;
    private const int Teams = 5;

    // The whole of it where each start is quick; on a server a part, or with AUDIT_FULL=1 the whole, which takes two minutes more.
    private static (int Kills, int Calls) Size =>
        TestEngine.Current == Engine.Sqlite || Environment.GetEnvironmentVariable("AUDIT_FULL") == "1" ? (20, 20_000) : (4, 3_000);

    private const int Seed = 20261121;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, (int Team, string Said)> _acknowledged = new();
    private int _calls;
    private readonly List<(string Key, ScriptedProject Project)> _teams = [];

    [Test]
    public async Task Each_acknowledged_call_is_in_its_own_project_once_after_many_kills_and_every_fault()
    {
        await using var langfuse = await ScriptedLangfuse.StartAsync(Teams, Seed);
        using var folder = await TestFolder.CreateAsync();
        folder.WriteConfig(TestClusters.Demo, new JsonObject
        {
            ["CompletionLog"] = new JsonObject { ["FlushInterval"] = "00:00:00.050", ["ShutdownTimeout"] = "00:00:05", ["RequestTimeout"] = "00:00:02" },
        });
        var random = new Random(Seed);

        for (var life = 0; life < Size.Kills; life++)
        {
            await using var gateway = await StartAsync(folder);
            if (life == 0) await AddTeamsAsync(gateway, langfuse);
            await LoadUntilKilledAsync(gateway, Size.Calls / Size.Kills + random.Next(1, 60));
        }

        langfuse.Projects.Single(project => project.IsUntrusted).Ids.Should().BeEmpty("nobody trusts its certificate");
        langfuse.IsSound = true;

        // Somebody has mended it: the certificate is among those that the machine trusts.
        var trusted = Path.Combine(folder.Path, "trusted.pem");
        await File.WriteAllTextAsync(trusted, langfuse.CertificatePem);
        await using var last = await StartAsync(folder, trusted);
        using (var admin = last.With(MasterKey)) (await admin.PostAsync("/logging/dead-letters/retry", null)).EnsureSuccessStatusCode();
        var left = await Eventually.BecomesAsync(
            async () => (await folder.QueryAsync<long>("select (select count(*) from outbox) + (select count(*) from outbox_chunk) + (select count(*) from dead_letter)")).Single(), waiting => waiting == 0, Limit);

        left.Should().Be(0, "all that waited was taken; faults: {0}", langfuse.Tally);
        _acknowledged.Count.Should().BeGreaterThanOrEqualTo(Size.Calls);
        var ledger = (await folder.QueryAsync<byte[]>("select call_id from spend_log where outcome = 0")).Select(Convert.ToHexStringLower).ToHashSet();
        for (var team = 0; team < Teams; team++) Check(team, langfuse, ledger);
        langfuse.Tally.Keys.Should().HaveCountGreaterThan(4, "the script was played: {0}", langfuse.Tally);
    }

    private void Check(int team, ScriptedLangfuse langfuse, HashSet<string> ledger)
    {
        var stored = langfuse.Projects[team].Ids;
        var own = _acknowledged.Where(call => call.Value.Team == team).Select(call => call.Key).ToHashSet();

        own.Except(stored).Should().BeEmpty("each acknowledged call is in its own project");
        own.Except(ledger).Should().BeEmpty("each acknowledged call is in the ledger");
        stored.Except(ledger).Should().BeEmpty("what is in a project has happened");
        stored.Where(id => _acknowledged.TryGetValue(id, out var call) && call.Team != team).Should().BeEmpty("no call is in another team's project");
        own.Where(id => langfuse.Projects[team].SaidBy(id) != _acknowledged[id].Said).Should().BeEmpty("a call's texts are its own");
        langfuse.Projects[team].ChangedIds.Should().Be(0, "what comes again is the same record, so it is stored once");
    }

    private async Task LoadUntilKilledAsync(GatewayProcess gateway, int calls)
    {
        var done = 0;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var clients = new ClientSet(gateway, _teams.Select(team => team.Key));
        var callers = Enumerable.Range(0, Callers).Select(async caller =>
        {
            var team = caller % Teams;
            try
            {
                while (true)
                {
                    // Of all sizes: memory is lent from call to call.
                    var call = Interlocked.Increment(ref _calls);
                    var said = $"call {call} of team {team}";
                    var body = $$"""{"model":"demo","messages":[{"role":"user","content":"{{said}}{{new string('.', call * 37 % 6000)}}"}]}""";
                    _acknowledged[await CallAsync(clients[team], Encoding.UTF8.GetBytes(body))] = (team, said);
                    if (Interlocked.Increment(ref done) >= calls) enough.TrySetResult();
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // Killed in the middle of it: not acknowledged.
            }
        }).ToList();

        await enough.Task.WaitAsync(Limit);
        await gateway.KillAsync();
        await Task.WhenAll(callers);
    }

    private static async Task<string> CallAsync(HttpClient client, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        using var response = await client.PostAsync("/v1/chat/completions", content);
        await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
        return response.Headers.GetValues("x-litellm-call-id").Single().Replace("-", "");
    }

    private async Task AddTeamsAsync(GatewayProcess gateway, ScriptedLangfuse langfuse)
    {
        foreach (var project in langfuse.Projects)
        {
            var team = (await gateway.PostAsync(MasterKey, "/team/new", []))["team_id"]!.GetValue<string>();
            await gateway.PostAsync(MasterKey, $"/team/{team}/callback", new JsonObject
            {
                ["callback_name"] = "langfuse",
                ["callback_vars"] = new JsonObject
                {
                    ["langfuse_public_key"] = project.PublicKey,
                    ["langfuse_secret_key"] = project.SecretKey,
                    ["langfuse_host"] = (project.IsUntrusted ? langfuse.UntrustedAddress : langfuse.Address).ToString(),

                    // One of them is a project on a server of old.
                    ["langfuse_transport"] = project.IsLegacy ? "legacy" : "otlp",
                },
            });
            _teams.Add(((await gateway.PostAsync(MasterKey, "/key/generate", new JsonObject { ["team_id"] = team }))["key"]!.GetValue<string>(), project));
        }
    }

    private static Task<GatewayProcess> StartAsync(TestFolder folder, string? trusted = null)
    {
        var environment = new Dictionary<string, string> { ["PROXY_MASTER_KEY"] = MasterKey };
        if (trusted is not null) environment["SSL_CERT_FILE"] = trusted;
        return GatewayProcess.StartAsync(folder, environment);
    }

    private sealed class ClientSet(GatewayProcess gateway, IEnumerable<string> keys) : IDisposable
    {
        private readonly List<HttpClient> _clients = [.. keys.Select(gateway.With)];

        public HttpClient this[int team] => _clients[team];

        public void Dispose() => _clients.ForEach(client => client.Dispose());
    }
}
