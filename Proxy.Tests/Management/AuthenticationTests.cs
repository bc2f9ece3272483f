using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class AuthenticationTests
{
    [TestCase("Authorization", "Bearer {0}")]
    [TestCase("Authorization", "bearer {0}")]
    [TestCase("Authorization", "Basic {0}")]
    [TestCase("x-litellm-api-key", "{0}")]
    [TestCase("x-litellm-api-key", "Bearer {0}")]
    [TestCase("api-key", "{0}")]
    [TestCase("x-api-key", "{0}")]
    [TestCase("x-goog-api-key", "{0}")]
    public async Task A_key_is_read_from_every_header_that_clients_use(string header, string form)
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();

        var (caller, error) = await AuthenticateAsync(server, (header, string.Format(form, key)));

        error.Should().BeNull();
        caller!.KeyHash.Should().Be(KeyHash.Of(key));
    }

    [Test]
    public async Task The_header_of_the_gateway_wins_over_the_others()
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();

        var (caller, _) = await AuthenticateAsync(
            server, ("x-api-key", "sk-other"), ("Authorization", "Bearer sk-other"), ("x-litellm-api-key", key));

        caller!.KeyHash.Should().Be(KeyHash.Of(key));
    }

    [Test]
    public async Task The_master_key_may_do_everything()
    {
        await using var server = await ManagementServer.StartAsync();

        var (caller, error) = await AuthenticateAsync(server, ("Authorization", "Bearer " + ManagementServer.MasterKeyText));

        error.Should().BeNull();
        (caller!.IsProxyAdmin, caller.UserId, caller.KeyHash).Should().Be((true, "default_user_id", null));
    }

    [TestCase(null, null, "auth_error", null, "Authentication Error, No api key passed in.")]
    [TestCase("Authorization", "sk-without-bearer-1234", "auth_error", null, "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix. Passed in: sk-...1234")]
    [TestCase("Authorization", "Bearer ", "auth_error", null, "Authentication Error, Malformed API Key passed in.")]
    [TestCase("Authorization", "Bearer a-key-of-another-kind", "auth_error", null, "Authentication Error, LiteLLM Virtual Key expected. Received=a-k...kind, expected to start with 'sk-'.")]
    [TestCase("x-api-key", "short", "auth_error", null, "Authentication Error, LiteLLM Virtual Key expected. Received=***, expected to start with 'sk-'.")]
    [TestCase("x-api-key", "sk-nobody-has-this", "token_not_found_in_db", "key", "Authentication Error, Invalid proxy server token passed.")]
    public async Task What_is_no_key_is_refused_without_being_shown(string? header, string? value, string type, string? param, string message)
    {
        await using var server = await ManagementServer.StartAsync();

        var (caller, error) = header is null ? await AuthenticateAsync(server) : await AuthenticateAsync(server, (header, value!));

        if (param is not null) message = $"Authentication Error, Invalid proxy server token passed. key={KeyHash.Of(value)}, not found in db. Create key via `/key/generate` call.";
        caller.Should().BeNull();
        (error!.Status, error.Type, error.Param).Should().Be((401, type, param));
        error.Message.Should().StartWith(message);
    }

    [Test]
    public async Task An_expired_key_is_refused_from_its_last_moment_on()
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync(""" "duration": "1h" """);

        server.Time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        var before = await AuthenticateAsync(server, ("api-key", key));
        server.Time.Advance(TimeSpan.FromMilliseconds(1));
        var after = await AuthenticateAsync(server, ("api-key", key));

        before.IsAllowed.Should().BeTrue();
        (after.Error!.Status, after.Error.Type).Should().Be((400, "expired_key"));
        after.Error.Message.Should().Be(
            "Authentication Error - Expired Key. Key Expiry time 2026-11-21 13:00:00Z and current time 2026-11-21 13:00:00Z");
        after.Caller.Should().NotBeNull("the refusal is recorded against its team");
    }

    [Test]
    public async Task A_budget_is_used_up_when_it_is_reached()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1", "max_budget": 0 """);
        var key = await server.CreateKeyAsync(""" "spend": 0.5, "max_budget": 0.5 """);
        var below = await server.CreateKeyAsync(""" "spend": 0.499999999999, "max_budget": 0.5 """);
        var ofTeam = await server.CreateKeyAsync(""" "team_id": "t-1" """);

        var cashier = server.Services.GetRequiredService<Cashier>();
        var answers = new[] { key, below, ofTeam }.Select(async value =>
            (await cashier.ReserveAsync((await AuthenticateAsync(server, ("api-key", value))).Caller!, new CallEstimate(["m"], 0, 0, null, []), default)).Error);
        var errors = await Task.WhenAll(answers);

        (errors[0]!.Status, errors[0]!.Type, errors[0]!.Param).Should().Be((400, "budget_exceeded", null));
        errors[0]!.Message.Should().StartWith("Budget has been exceeded! Current cost: 0.5, Max budget: 0.5");
        errors[1].Should().BeNull();
        errors[2]!.Message.Should().StartWith("Budget has been exceeded! Team=t-1 Current cost: 0, Max budget: 0");
    }

    [Test]
    public async Task A_key_without_money_left_may_look_at_itself()
    {
        await using var server = await ManagementServer.StartAsync();
        using var client = server.With(await server.CreateKeyAsync(""" "max_budget": 0 """));

        (await client.GetJsonAsync("/key/info")).Status.Should().Be(200);
    }

    [Test]
    public async Task A_key_that_nobody_knew_works_as_soon_as_it_is_created()
    {
        await using var server = await ManagementServer.StartAsync();
        using var client = server.With("sk-created-later");

        var unknown = await client.GetJsonAsync("/key/info");
        await server.CreateKeyAsync(""" "key": "sk-created-later" """);
        var known = await client.GetJsonAsync("/key/info");

        (unknown.Status, known.Status).Should().Be((401, 200));
    }

    [Test]
    public async Task A_warm_key_is_answered_without_allocation()
    {
        await using var server = await ManagementServer.StartAsync();
        var authenticator = server.Services.GetRequiredService<Authenticator>();
        var headers = new HeaderDictionary { ["Authorization"] = "Bearer " + await server.CreateKeyAsync() };
        for (var i = 0; i < 1000; i++) await authenticator.AuthenticateAsync(headers, default);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) await authenticator.AuthenticateAsync(headers, default);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().BeLessThan(1000, "not even a byte for each call");
    }

    private static async Task<Authentication> AuthenticateAsync(ManagementServer server, params (string Name, string Value)[] values)
    {
        var headers = new HeaderDictionary();
        foreach (var (name, value) in values) headers[name] = value;
        return await server.Services.GetRequiredService<Authenticator>().AuthenticateAsync(headers, default);
    }
}
