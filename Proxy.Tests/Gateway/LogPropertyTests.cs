using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Promise 3 over random keys, teams, targets of the whole gateway, disables, and changes of all of them in the middle of a run.</summary>
internal sealed class LogPropertyTests
{
    private const string Model = "gpt-4o-mini";
    private const string InputKey = "langfuse.observation.input";
    private const string Everybody = "for everybody.";
    private const string Nobody = "for nobody.";

    private FakeLangfuse _langfuse = null!;
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private FakeProject[] _globals = [];

    [SetUp]
    public async Task StartAsync()
    {
        _langfuse = await FakeLangfuse.StartAsync();
        _provider = await FakeProvider.StartAsync();
        _globals = [_langfuse.AddProject("all-0"), _langfuse.AddProject("all-1")];
        _gateway = await TestGateway.StartAsync(TestClusters.At(_provider.Address, Model), Sections(_globals[0]));
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
        await _langfuse.DisposeAsync();
    }

    [Test]
    public void No_record_ever_reaches_anothers_project_whatever_is_changed_in_the_middle() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(8),
        Prop.ForAll(Gen.Choose(0, 99).ArrayOf(50).ToArbitrary(), steps => EachFindsItsOwnAsync(steps).GetAwaiter().GetResult()));

    /// <summary>A question says whose it is; each project may hold its own only.</summary>
    private async Task<bool> EachFindsItsOwnAsync(int[] steps)
    {
        var run = $"{Guid.NewGuid():N}"[..8];
        var teams = new List<(string Id, string Key, FakeProject Project)>();
        for (var i = 0; i < 3; i++) teams.Add(await AddTeamAsync($"{run}-{i}"));
        var (ownKey, ownProject) = await AddKeyWithProjectAsync($"{run}-own", teams[0].Id);
        var looseKey = await _gateway.CreateKeyAsync();
        var bare = await _gateway.CreateTeamAsync();
        var bareKey = await _gateway.CreateKeyAsync(new() { ["team_id"] = bare });
        var isOn = teams.ToDictionary(team => team.Id, _ => true);
        var isBareOn = true;
        foreach (var step in steps)
        {
            var team = teams[step % teams.Count];
            switch (step)
            {
                case >= 94:
                    await _gateway.PostAsync($"/team/{team.Id}/disable_logging");
                    isOn[team.Id] = false;
                    break;
                case 93:
                    await _gateway.PostAsync($"/team/{bare}/disable_logging");
                    isBareOn = false;
                    break;
                case >= 86 when !isOn[team.Id]:
                    await _gateway.LogToAsync(team.Id, team.Project.Target);
                    isOn[team.Id] = true;
                    break;
                case >= 84:
                    _gateway.Folder.WriteConfig(TestClusters.At(_provider.Address, Model), Sections(_globals[step % 2]));
                    break;
                case >= 76:
                    await AskAsync(ownKey, isOn[teams[0].Id] ? "for the key itself." : Nobody);
                    break;
                case >= 68:
                    await AskAsync(looseKey, Everybody);
                    break;
                case >= 60:
                    await AskAsync(bareKey, isBareOn ? Everybody : Nobody);
                    break;
                default:
                    await AskAsync(team.Key, isOn[team.Id] ? $"for {team.Project.Name}." : Nobody);
                    break;
            }
        }

        await Eventually.BecomesAsync(async () => (await _gateway.QueryAsync<long>("select count(*) from outbox")).Single(), waiting => waiting == 0);
        return teams.All(team => Holds(team.Project, $"for {team.Project.Name}."))
            && Holds(ownProject, "for the key itself.")
            && _globals.All(project => Holds(project, Everybody));
    }

    private static bool Holds(FakeProject project, string owns) => project.Spans.All(span => span[InputKey]!.Contains(owns));

    private static JsonObject Sections(FakeProject project) => new()
    {
        ["CompletionLog"] = new JsonObject
        {
            ["FlushInterval"] = "00:00:00.020",
            ["ShutdownTimeout"] = "00:00:02",
            ["Targets"] = new JsonObject
            {
                ["all"] = new JsonObject { ["Callback"] = "langfuse", ["Vars"] = TestCallbacks.Langfuse(project.Target)["callback_vars"]!.DeepClone() },
            },
        },
    };

    private async Task<(string Id, string Key, FakeProject Project)> AddTeamAsync(string name)
    {
        var project = _langfuse.AddProject(name);
        var team = await _gateway.CreateTeamAsync();
        await _gateway.LogToAsync(team, project.Target);
        return (team, await _gateway.CreateKeyAsync(new() { ["team_id"] = team }), project);
    }

    private async Task<(string Key, FakeProject Project)> AddKeyWithProjectAsync(string name, string team)
    {
        var project = _langfuse.AddProject(name);
        var logging = new JsonArray(TestCallbacks.Langfuse(project.Target));
        return (await _gateway.CreateKeyAsync(new() { ["team_id"] = team, ["metadata"] = new JsonObject { ["logging"] = logging } }), project);
    }

    private async Task AskAsync(string key, string question)
    {
        using var client = _gateway.With(key);
        using var response = await client.PostAsJsonAsync(
            "/v1/chat/completions", new { model = Model, messages = new[] { new { role = "user", content = question } } });
        response.IsSuccessStatusCode.Should().BeTrue();
    }
}
