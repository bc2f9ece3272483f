using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A database that does not take writes: nothing that costs money begins, and nothing that was paid for is lost.</summary>
[OnEachEngine]
internal sealed class StorageTroubleTests : GatewayFixture
{
    [Test]
    public async Task While_the_database_is_locked_calls_under_way_wait_for_it_and_new_ones_are_refused([Values] bool isStream)
    {
        Provider.Answer = (context, _) => isStream
            ? FakeProvider.Stream(context, OpenAiBodies.Stream("Hi"))
            : FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));
        await using var other = await Gateway.Folder.OpenAsync();
        await using (var command = other.CreateCommand())
        {
            command.CommandText = Gateway.Folder.Postgres is null ? "begin immediate" : "begin; lock table spend_log in exclusive mode";
            await command.ExecuteNonQueryAsync();
        }

        var underWay = SendAsync(isStream);
        await Eventually.BecomesAsync(async () => await ReadyAsync(), ready => ready == HttpStatusCode.ServiceUnavailable);
        using (var refused = await SendAsync()) refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        Provider.Calls.Should().ContainSingle();
        underWay.IsCompleted.Should().BeFalse("the end of an answer waits until its call is recorded");

        await using (var command = other.CreateCommand())
        {
            command.CommandText = "rollback";
            await command.ExecuteNonQueryAsync();
        }

        using (var answered = await underWay) answered.StatusCode.Should().Be(HttpStatusCode.OK);
        (await Eventually.BecomesAsync(async () => await ReadyAsync(), ready => ready == HttpStatusCode.OK)).Should().Be(HttpStatusCode.OK);
        (await Gateway.LedgerAsync()).Should().ContainSingle().Which.Outcome.Should().Be("Success");
    }

    [Test]
    public async Task While_the_database_is_locked_spend_that_is_not_summed_is_not_shown()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));
        using (var answered = await SendAsync()) answered.StatusCode.Should().Be(HttpStatusCode.OK);
        await using var other = await Gateway.Folder.OpenAsync();
        await using (var command = other.CreateCommand())
        {
            command.CommandText = Gateway.Folder.Postgres is null ? "begin immediate" : "begin; lock table spend_unsummed in exclusive mode";
            await command.ExecuteNonQueryAsync();
        }

        await Eventually.BecomesAsync(async () => await ReadyAsync(), ready => ready == HttpStatusCode.ServiceUnavailable);
        using (var refused = await Gateway.Admin.GetAsync($"/key/info?key={Key}")) refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        using (var audit = await Gateway.Admin.GetAsync("/audit")) audit.StatusCode.Should().Be(HttpStatusCode.OK, "no sum is read for it");

        await using (var command = other.CreateCommand())
        {
            command.CommandText = "rollback";
            await command.ExecuteNonQueryAsync();
        }

        await Eventually.BecomesAsync(async () => await ReadyAsync(), ready => ready == HttpStatusCode.OK);
        var info = JsonNode.Parse(await Gateway.Admin.GetStringAsync($"/key/info?key={Key}"))!["info"]!;
        info["spend"]!.GetValue<decimal>().Should().Be((await Gateway.LedgerAsync()).Single().Cost / 1_000_000_000_000m).And.BePositive();
    }

    [Test]
    public async Task A_second_gateway_on_the_same_database_does_not_start()
    {
        var (exitCode, output) = await GatewayProcess.RunAsync(Gateway.Folder, null, "--urls", "http://127.0.0.1:0");

        exitCode.Should().Be(2);
        output.Should().Contain("in use by another gateway");
    }

    private async Task<HttpStatusCode> ReadyAsync()
    {
        using var response = await Client.GetAsync("/health/readiness");
        return response.StatusCode;
    }

    private Task<HttpResponseMessage> SendAsync(bool isStream = false) =>
        Client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{Model}}","stream":{{(isStream ? "true" : "false")}}}"""));
}
