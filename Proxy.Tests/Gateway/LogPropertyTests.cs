using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>
/// Promise 3 over random keys, teams, targets of the whole gateway, disables, and changes of all of them in the middle of a run. One team names its project at
/// the endpoint, one names two in <c>metadata.logging</c>, one names its own in <c>metadata.callback_settings</c>; a key has two of its own.
/// </summary>
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
        List<LoggedTeam> teams =
        [
            await AddTeamAsync($"{run}-0", projects: 1, "endpoint"),
            await AddTeamAsync($"{run}-1", projects: 2, "logging"),
            await AddTeamAsync($"{run}-2", projects: 1, "callback_settings"),
        ];
        var (ownKey, ownProjects) = await AddKeyWithProjectsAsync($"{run}-own", teams[0].Id);
        var looseKey = await _gateway.CreateKeyAsync();
        var bare = await _gateway.CreateTeamAsync();
        var bareKey = await _gateway.CreateKeyAsync(new() { ["team_id"] = bare });
        var isOn = teams.ToDictionary(team => team.Id, _ => true);
        var isBareOn = true;
        var wereDisabled = new HashSet<string>();
        foreach (var step in steps)
        {
            var team = teams[step % teams.Count];
            switch (step)
            {
                case >= 94:
                    await _gateway.PostAsync($"/team/{team.Id}/disable_logging");
                    isOn[team.Id] = false;
                    wereDisabled.Add(team.Id);
                    break;
                case 93:
                    await _gateway.PostAsync($"/team/{bare}/disable_logging");
                    isBareOn = false;
                    break;
                case >= 86 when !isOn[team.Id]:
                    await EnableAsync(team);
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
                    await AskAsync(team.Key, isOn[team.Id] ? team.Question : Nobody);
                    break;
            }
        }

        await Eventually.BecomesAsync(_gateway.CountWaitingAsync, waiting => waiting == 0);
        return teams.All(team => team.Projects.All(project => Holds(project, team.Question)))
            && teams.All(team => wereDisabled.Contains(team.Id) || HoldTheSame(team.Projects))
            && ownProjects.All(project => Holds(project, "for the key itself."))
            && (wereDisabled.Contains(teams[0].Id) || HoldTheSame(ownProjects))
            && _globals.All(project => Holds(project, Everybody));
    }

    private static bool Holds(FakeProject project, string owns) => project.Spans.All(span => span[InputKey]!.Contains(owns));

    /// <summary>Two projects of one team are told of the same calls, each of them once.</summary>
    private static bool HoldTheSame(IReadOnlyList<FakeProject> projects) => projects.All(project =>
        project.TotalDeliveries == project.Spans.Count && project.Spans.Select(span => span.SpanId).ToHashSet().SetEquals(projects[0].Spans.Select(span => span.SpanId)));

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

    private async Task<LoggedTeam> AddTeamAsync(string name, int projects, string form)
    {
        var id = await _gateway.CreateTeamAsync();
        var team = new LoggedTeam(
            id, await _gateway.CreateKeyAsync(new() { ["team_id"] = id }), $"for {name}.", form, [.. Enumerable.Range(0, projects).Select(i => _langfuse.AddProject($"{name}-{i}"))]);
        await EnableAsync(team);
        return team;
    }

    private async Task EnableAsync(LoggedTeam team)
    {
        var callbacks = team.Projects.Select(project => (JsonNode)TestCallbacks.Langfuse(project.Target)).ToArray();
        JsonObject? metadata = team.Form switch
        {
            "logging" => new() { ["logging"] = new JsonArray(callbacks) },
            "callback_settings" => new()
            {
                ["callback_settings"] = new JsonObject
                {
                    ["success_callback"] = new JsonArray("langfuse"),
                    ["failure_callback"] = new JsonArray("langfuse"),
                    ["callback_vars"] = callbacks[0]["callback_vars"]!.DeepClone(),
                },
            },
            _ => null,
        };
        if (metadata is null) await _gateway.LogToAsync(team.Id, team.Projects[0].Target);
        else await _gateway.PostAsync("/team/update", new JsonObject { ["team_id"] = team.Id, ["metadata"] = metadata });
    }

    private async Task<(string Key, IReadOnlyList<FakeProject> Projects)> AddKeyWithProjectsAsync(string name, string team)
    {
        FakeProject[] projects = [_langfuse.AddProject($"{name}-0"), _langfuse.AddProject($"{name}-1")];
        var logging = new JsonArray([.. projects.Select(project => (JsonNode)TestCallbacks.Langfuse(project.Target))]);
        return (await _gateway.CreateKeyAsync(new() { ["team_id"] = team, ["metadata"] = new JsonObject { ["logging"] = logging } }), projects);
    }

    private async Task AskAsync(string key, string question)
    {
        using var client = _gateway.With(key);
        using var response = await client.PostAsJsonAsync(
            "/v1/chat/completions", new { model = Model, messages = new[] { new { role = "user", content = question } } });
        response.IsSuccessStatusCode.Should().BeTrue();
    }

    private sealed record LoggedTeam(string Id, string Key, string Question, string Form, IReadOnlyList<FakeProject> Projects);
}
