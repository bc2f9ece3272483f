using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Callbacks;
using Proxy.Management.Teams;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class TeamCallbackTests
{
    private const string Secret = "sk-lf-canary-of-the-team";

    private const string Langfuse = $$"""
        {"callback_name": "langfuse", "callback_type": "success",
         "callback_vars": {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "{{Secret}}", "langfuse_host": "lf.example/base/"} }
        """;

    [TestCase("t-1")]
    [TestCase("org/unit/t-1")]
    public async Task A_callback_is_added_and_shown_without_its_secret(string teamId)
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync($""" "team_id": "{teamId}" """);

        var added = await server.Admin.PostAsync($"/team/{teamId}/callback", Langfuse);
        var shown = await server.Admin.GetJsonAsync($"/team/{teamId}/callback");

        added.Status.Should().Be(200, added.Body.ToString());
        added.Body.GetProperty("status").GetString().Should().Be("success");
        added.Body.GetProperty("data").GetProperty("team_id").GetString().Should().Be(teamId);
        var data = shown.Body.GetProperty("data");
        data.GetProperty("success_callbacks").ToString().Should().Be("""["langfuse"]""");
        data.GetProperty("failure_callbacks").ToString().Should().Be("[]");
        data.GetProperty("callback_vars").ToString().Should().Be(
            """{"langfuse_public_key":"pk-lf-1","langfuse_secret_key":"***","langfuse_host":"https://lf.example/base"}""");
    }

    [Test]
    public async Task Secrets_are_encrypted_in_the_file_and_masked_on_every_read()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        using var key = server.With(await server.CreateKeyAsync(""" "team_id": "t-1" """));

        var answers = new[]
        {
            await server.Admin.PostAsync("/team/t-1/callback", Langfuse),
            await server.Admin.GetJsonAsync("/team/t-1/callback"),
            await server.Admin.GetJsonAsync("/team/info?team_id=t-1"),
            await key.GetJsonAsync("/team/info?team_id=t-1"),
            await server.Admin.PostAsync("/team/block", """{"team_id": "t-1"}"""),
            await server.Admin.PostAsync("/team/t-1/disable_logging", ""),
        };

        answers.Should().OnlyContain(answer => answer.Status == 200 && !answer.Body.ToString().Contains("canary"));
        answers[2].Body.ToString().Should().Contain("***");
        (await DatabaseBytes.ContainAsync(server, "canary-of-the-team")).Should().BeFalse();
        (await DatabaseBytes.ContainAsync(server, "t-1")).Should().BeTrue("the search itself must work");
        (await TeamAsync(server)).Callbacks[0].ToString().Should().Be("langfuse (success)");
    }

    [TestCase("logging")]
    [TestCase("callback_settings")]
    public async Task Callbacks_in_the_metadata_of_a_new_team_are_the_same_callbacks(string form)
    {
        await using var server = await ManagementServer.StartAsync();
        var metadata = form == "logging"
            ? $$"""{"logging": [{{Langfuse}}], "note": 1}"""
            : $$"""
              {"callback_settings": {"success_callback": ["langfuse"], "failure_callback": [], "callback_vars":
                  {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "{{Secret}}", "langfuse_host": "lf.example/base/"} }, "note": 1}
              """;

        var created = await server.Admin.PostAsync("/team/new", $$"""{"team_id": "t-1", "metadata": {{metadata}} }""");

        var team = await TeamAsync(server);
        created.Status.Should().Be(200, created.Body.ToString());
        created.Body.ToString().Should().NotContain("canary");
        team.Metadata.Should().Be("""{"note":1}""");
        (team.Callbacks[0].Name, team.Callbacks[0].Type).Should().Be(("langfuse", CallbackType.Success));
        LangfuseProject.Find(team.Callbacks[0]).Should().Be(new LangfuseProject("https://lf.example/base", "pk-lf-1", Secret));
        (await DatabaseBytes.ContainAsync(server, "canary-of-the-team")).Should().BeFalse();
    }

    [Test]
    public async Task Two_projects_of_one_kind_are_two_callbacks_and_one_project_is_named_once()
    {
        await using var server = await ManagementServer.StartAsync();
        var second = Langfuse.Replace("pk-lf-1", "pk-lf-2");
        string Team(string id, string other) => $$"""{"team_id": "{{id}}", "metadata": {"logging": [{{Langfuse}}, {{other}}]} }""";

        var two = await server.Admin.PostAsync("/team/new", Team("t-1", second));
        var twice = await server.Admin.PostAsync("/team/new", Team("t-2", Langfuse));

        (two.Status, twice.Status).Should().Be((200, 400));
        twice.Message().Should().Contain("names langfuse (success) twice").And.NotContain("canary");
        (await TeamAsync(server)).Callbacks.Select(callback => LangfuseProject.Find(callback)!.PublicKey).Should().Equal("pk-lf-1", "pk-lf-2");
    }

    [Test]
    public async Task Each_callback_has_its_own_variables()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);

        await server.Admin.PostAsync("/team/t-1/callback", Langfuse);
        var second = await server.Admin.PostAsync("/team/t-1/callback", """
            {"callback_name": "langfuse", "callback_type": "failure", "callback_vars": {"langfuse_public_key": "pk-2", "langfuse_secret": "s-2"}}
            """);

        second.Status.Should().Be(200);
        (await TeamAsync(server)).Callbacks.Select(callback => LangfuseProject.Find(callback)).Should().Equal(
            new LangfuseProject("https://lf.example/base", "pk-lf-1", Secret),
            new LangfuseProject("https://cloud.langfuse.com", "pk-2", "s-2"));
    }

    [Test]
    public async Task A_callback_of_one_name_and_type_is_added_once()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        await server.Admin.PostAsync("/team/t-1/callback", Langfuse);

        var answer = await server.Admin.PostAsync("/team/t-1/callback", Langfuse);

        answer.Refusal().Should().Be((400, "bad_request_error", "callback_name"));
        answer.Message().Should().Be(
            "callback_name = langfuse already exists in team_callback_settings, for team_id = t-1 and event = success");
    }

    [Test]
    public async Task Disabled_logging_keeps_the_variables_and_ends_with_the_next_callback()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        await server.Admin.PostAsync("/team/t-1/callback", Langfuse);
        (await TeamAsync(server)).IsLoggingDisabled.Should().BeFalse();

        var disabled = await server.Admin.PostAsync("/team/t-1/disable_logging", "");
        var whileDisabled = await TeamAsync(server);
        var shown = await server.Admin.GetJsonAsync("/team/t-1/callback");
        await server.Admin.PostAsync("/team/t-1/callback", Langfuse);
        var afterwards = await TeamAsync(server);

        disabled.Body.GetProperty("message").GetString().Should().Be("Logging disabled for team t-1");
        disabled.Body.GetProperty("data").ToString().Should().Be("""{"team_id":"t-1","success_callbacks":[],"failure_callbacks":[]}""");
        whileDisabled.IsLoggingDisabled.Should().BeTrue();
        shown.Body.GetProperty("data").GetProperty("success_callbacks").GetArrayLength().Should().Be(0);
        shown.Body.GetProperty("data").GetProperty("callback_vars").GetProperty("langfuse_public_key").GetString().Should().Be("pk-lf-1");
        (afterwards.IsLoggingDisabled, afterwards.Callbacks.Count).Should().Be((false, 1));
    }

    [TestCase("""{"callback_name": "smoke_signals", "callback_vars": {}}""", 400, "callback_name", "Known callbacks are: langfuse")]
    [TestCase("""{"callback_vars": {}}""", 422, "callback_name", "'callback_name' is required.")]
    [TestCase("""{"callback_name": "langfuse"}""", 422, "callback_vars", "'callback_vars' is required.")]
    [TestCase("""{"callback_name": "langfuse", "callback_type": "never", "callback_vars": {}}""", 422, "callback_type", "'success_and_failure'")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"foo": "x"}}""", 422, "callback_vars", "Invalid callback variable: foo. Must be one of ")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_host": 1}}""", 422, "callback_vars", "must be a string")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_secret": "s"}}""", 400, "callback_vars", "needs the variable 'langfuse_public_key'")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "p"}}""", 400, "callback_vars", "needs the variable 'langfuse_secret_key'")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "p", "langfuse_secret": "os.environ/PATH"}}""", 400, "callback_vars", "cannot be read through the API")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "p", "langfuse_secret": "***"}}""", 400, "callback_vars", "holds the mask")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "p", "langfuse_secret": "s", "langfuse_host": "ftp://x"}}""", 400, "callback_vars", "absolute http or https")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "p", "langfuse_secret": "s", "langfuse_host": "https://u:p@x"}}""", 400, "callback_vars", "absolute http or https")]
    [TestCase("""{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "p", "langfuse_secret": "s", "langfuse_host": "https://x/?a=b"}}""", 400, "callback_vars", "absolute http or https")]
    public async Task A_callback_that_cannot_work_is_refused(string body, int status, string param, string sentence)
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);

        var answer = await server.Admin.PostAsync("/team/t-1/callback", body);

        answer.Refusal().Should().Be((status, "invalid_request_error", param));
        answer.Message().Should().Contain(sentence);
    }

    [Test]
    public async Task Callbacks_need_a_team_that_exists()
    {
        await using var server = await ManagementServer.StartAsync();

        var added = await server.Admin.PostAsync("/team/x/callback", Langfuse);
        var shown = await server.Admin.GetJsonAsync("/team/x/callback");
        var disabled = await server.Admin.PostAsync("/team/x/disable_logging", "");

        added.Refusal().Should().Be((400, "internal_server_error", "team_id"));
        added.Message().Should().Be("Team id = x does not exist. Please use a different team id.");
        shown.Refusal().Should().Be((404, "internal_server_error", "team_id"));
        shown.Message().Should().Be("Team id = x does not exist.");
        disabled.Refusal().Should().Be((404, "internal_server_error", "team_id"));
    }

    [Test]
    public async Task A_team_has_several_projects_of_one_kind_and_loses_the_one_that_is_named()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "org/t-1" """);
        const string Second = """{"callback_name": "langfuse", "callback_type": "success", "callback_vars": {"langfuse_public_key": "pk-2", "langfuse_secret_key": "s-2"}}""";
        foreach (var body in (string[])[Langfuse, Second, Second.Replace("\"success\"", "\"failure\"", StringComparison.Ordinal), """{"callback_name": "webhook", "callback_vars": {"webhook_url": "https://hook.example", "webhook_secret": "s"}}"""])
            (await server.Admin.PostAsync("/team/org/t-1/callback", body)).Status.Should().Be(200, body);
        (await server.Admin.PostAsync("/team/org/t-1/callback", Second)).Refusal().Should().Be((400, "bad_request_error", "callback_name"));

        var shown = (await server.Admin.GetJsonAsync("/team/org%2Ft-1/callback")).Body.GetProperty("data").GetProperty("callbacks").EnumerateArray().ToList();
        var id = shown[1].GetProperty("callback_id").GetString();
        shown.Select(entry => entry.GetProperty("callback_id").GetString()).Should().OnlyHaveUniqueItems();

        (await DeleteAsync(server.Admin, "/team/org/t-1/callback/langfuse")).Refusal().Should().Be((400, "invalid_request_error", "callback_id"));
        (await DeleteAsync(server.Admin, "/team/org/t-1/callback/langfuse?callback_id=0")).Refusal().Should().Be((404, "not_found_error", "callback_name"));
        (await DeleteAsync(server.Admin, $"/team/org/t-1/callback/langfuse?callback_id={id}")).Status.Should().Be(200);
        (await DeleteAsync(server.Admin, "/team/org%2Ft-1/callback/langfuse?callback_type=failure")).Status.Should().Be(200);
        (await TeamAsync(server, "org/t-1")).Callbacks.Select(callback => callback.ToString()).Should().Equal("langfuse (success)", "webhook (success_and_failure)");
        (await DeleteAsync(server.Admin, "/team/org/t-1/callback/webhook")).Body.GetProperty("data").GetProperty("success_callbacks").ToString().Should().Be("""["langfuse"]""");
        LangfuseProject.Find((await TeamAsync(server, "org/t-1")).Callbacks.Single())!.PublicKey.Should().Be("pk-lf-1");
        (await DeleteAsync(server.Admin, "/team/nobody/callback/langfuse")).Refusal().Should().Be((404, "internal_server_error", "team_id"));
    }

    [Test]
    public async Task A_callback_that_goes_does_not_take_back_that_logging_is_disabled()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        await server.Admin.PostAsync("/team/t-1/callback", Langfuse);
        await server.Admin.PostAsync("/team/t-1/disable_logging", "");

        (await DeleteAsync(server.Admin, "/team/t-1/callback/langfuse")).Status.Should().Be(200);

        (await TeamAsync(server)).IsLoggingDisabled.Should().BeTrue();
    }

    [Test]
    public async Task Admins_of_a_team_say_where_it_is_logged_but_are_not_trusted_with_private_hosts()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1", "members_with_roles": [{"role": "admin", "user_id": "boss"}, {"role": "user", "user_id": "u-1"}] """);
        using var boss = server.With(await server.CreateKeyAsync(""" "user_id": "boss" """));
        using var member = server.With(await server.CreateKeyAsync(""" "user_id": "u-1" """));
        await server.Admin.PostAsync("/team/t-1/callback", Langfuse);

        (await boss.PostAsync("/team/t-1/callback", Langfuse.Replace("pk-lf-1", "pk-2", StringComparison.Ordinal))).Status.Should().Be(200);

        (await TeamAsync(server)).Callbacks.Select(callback => callback.IsByAdmin).Should().Equal(true, false);
        (await boss.GetJsonAsync("/team/t-1/callback")).Body.ToString().Should().Contain("pk-2").And.NotContain("canary");
        foreach (var team in (string[])["t-1", "nobody"])
        {
            (await member.PostAsync($"/team/{team}/callback", Langfuse)).Refusal().Should().Be((403, "auth_error", "team_id"));
            (await member.GetJsonAsync($"/team/{team}/callback")).Refusal().Should().Be((403, "auth_error", "team_id"));
            (await DeleteAsync(member, $"/team/{team}/callback/langfuse")).Refusal().Should().Be((403, "auth_error", "team_id"));
        }

        (await boss.PostAsync("/team/t-1/disable_logging", "")).Status.Should().Be(401);
        await server.Admin.PostAsync("/team/update", $$"""{"team_id": "t-1", "metadata": {"logging": [{{Langfuse}}]} }""");
        (await TeamAsync(server)).Callbacks.Single().IsByAdmin.Should().BeTrue();
    }

    private static async Task<(int Status, JsonElement Body)> DeleteAsync(HttpClient client, string path)
    {
        using var response = await client.DeleteAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    /// <summary>The team as the next call sees it.</summary>
    private static async Task<TeamIdentity> TeamAsync(ManagementServer server, string id = "t-1") =>
        (await server.Services.GetRequiredService<TeamRing>().FindAsync(id))!.Current;
}
