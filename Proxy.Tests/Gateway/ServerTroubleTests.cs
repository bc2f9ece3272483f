using System.Net;
using System.Text.Json.Nodes;
using Dapper;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What can happen to a database on a server, and not to a file.</summary>
[OnEachEngine(Engine.Postgres)]
internal sealed class ServerTroubleTests : GatewayFixture
{
    [SetUp]
    public void Answer() => Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));

    [Test]
    public async Task A_server_that_is_lost_and_found_again_costs_no_call()
    {
        using (var before = await SendAsync()) before.StatusCode.Should().Be(HttpStatusCode.OK);
        await Postgres.CutAsync();

        var underWay = SendAsync();
        await Eventually.BecomesAsync(() => Task.FromResult(Provider.Calls.Count), calls => calls == 2);
        await Eventually.BecomesAsync(StatusOfAsync, status => status == HttpStatusCode.ServiceUnavailable);
        underWay.IsCompleted.Should().BeFalse("the end of an answer waits until its call is recorded");
        using (var cold = Gateway.With("sk-nobody-knows-this-one"))
        using (var unknown = await cold.GetAsync("/key/info")) unknown.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        await Postgres.RestoreAsync();

        using (var answered = await underWay) answered.StatusCode.Should().Be(HttpStatusCode.OK);
        (await Eventually.BecomesAsync(ReadyAsync, ready => ready == HttpStatusCode.OK)).Should().Be(HttpStatusCode.OK);
        (await Eventually.BecomesAsync(SuccessesAsync, rows => rows == Provider.Calls.Count)).Should().Be(Provider.Calls.Count);
    }

    [Test]
    public async Task A_gateway_writes_no_more_when_another_has_written_while_its_connection_was_lost()
    {
        using (var before = await SendAsync()) before.StatusCode.Should().Be(HttpStatusCode.OK);
        await using (var other = await Postgres.OpenAsync()) await other.ExecuteAsync("update gateway_writer set term = term + 1");
        await Postgres.CutAsync();
        await Postgres.RestoreAsync();

        var underWay = SendAsync();

        (await Eventually.BecomesAsync(ReadyAsync, ready => ready == HttpStatusCode.ServiceUnavailable)).Should().Be(HttpStatusCode.ServiceUnavailable);
        (await SuccessesAsync()).Should().Be(1);
        await Gateway.LogBecomesAsync("Another gateway has written the database");
        underWay.IsCompletedSuccessfully.Should().BeFalse();
    }

    [Test]
    public async Task Texts_that_the_server_has_no_room_for_are_recorded_cleaned()
    {
        using var response = await Client.PostAsync("/v1/chat/completions", new StringContent(
            $$"""{"model":"{{Model}}","user":"a\u0000b","metadata":{"tags":["x\u0000"],"session_id":"\ud800"},"messages":[]}"""));

        response.StatusCode.Should().BeOneOf(HttpStatusCode.OK, HttpStatusCode.BadRequest);
        (await SuccessesAsync()).Should().Be(Provider.Calls.Count);
    }

    [Test]
    public async Task Every_text_is_compared_by_its_bytes_as_in_a_file() =>
        (await Gateway.QueryAsync<string>("""
            select table_name || '.' || column_name
            from information_schema.columns
            where table_schema = 'public' and data_type = 'text' and collation_name is distinct from 'C'
            """)).Should().BeEmpty();

    [Test]
    public async Task The_password_comes_from_the_environment_and_is_in_no_message()
    {
        using var folder = new TestFolder();
        folder.WriteConfig(TestClusters.Demo, new JsonObject
        {
            ["Management"] = new JsonObject { ["Database"] = "env:PROXY_TEST_DATABASE", ["DatabasePassword"] = "env:PROXY_TEST_PASSWORD" },
        });
        var environment = new Dictionary<string, string>
        {
            ["PROXY_TEST_DATABASE"] = Postgres.Setting.Replace("Database=", "Timeout=3;Database=missing_"),
            ["PROXY_TEST_PASSWORD"] = "hunter2-of-the-tests",
        };

        var (exitCode, output) = await GatewayProcess.RunAsync(folder, environment, "--urls", "http://127.0.0.1:0");

        exitCode.Should().Be(2);
        output.Should().Contain("The database missing_").And.Contain("cannot be reached").And.NotContain("hunter2");
    }

    private PostgresDatabase Postgres => Gateway.Folder.Postgres!;

    private async Task<int> SuccessesAsync() => (await Gateway.LedgerAsync()).Count(row => row.Outcome == "Success");

    private async Task<HttpStatusCode> StatusOfAsync()
    {
        // One that slips in before the trouble is known waits for the database too; it is not waited for here.
        try
        {
            using var response = await SendAsync().WaitAsync(TimeSpan.FromSeconds(1));
            return response.StatusCode;
        }
        catch (TimeoutException)
        {
            return HttpStatusCode.Accepted;
        }
    }

    private async Task<HttpStatusCode> ReadyAsync()
    {
        using var response = await Client.GetAsync("/health/readiness");
        return response.StatusCode;
    }

    private Task<HttpResponseMessage> SendAsync() =>
        Client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{Model}}","messages":[]}"""));
}
