using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Tests.Databases;
using Proxy.Tests.Management;

namespace Proxy.Tests.Budgets;

/// <summary>Customers and tags leave memory when nobody uses them, and nothing is lost with them.</summary>
[OnEachEngine]
internal sealed class AccountLeavingTests
{
    private ManagementServer _server = null!;
    private string _key = null!;

    private AccountRing Ring => _server.Services.GetRequiredService<AccountRing>();

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        _key = await _server.CreateKeyAsync();
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task A_budget_and_its_spend_outlast_the_leaving()
    {
        await _server.Admin.PostAsync("/tag/new", """{"name": "red", "max_budget": 1}""");
        await SpendAsync("red", 0.75m);
        TrimAll();
        Loaded("red").Should().BeNull();

        await SpendAsync("red", 0.25m);
        TrimAll();

        var error = (await ReserveAsync("red")).Error!;
        error.Scope.Should().Be(new ErrorScope("tag", "red", 1, 1, null, null));
    }

    [Test]
    public async Task What_is_held_and_what_is_used_of_a_rate_stays_until_it_is_over()
    {
        await _server.Admin.PostAsync("/tag/new", """{"name": "slots", "max_parallel_requests": 1}""");
        await _server.Admin.PostAsync("/tag/new", """{"name": "rate", "rpm_limit": 1}""");
        var open = (await ReserveAsync("slots")).Reservation!;
        (await ReserveAsync("rate")).Reservation!.Release();

        TrimAll();
        var (slots, rate) = ((await ReserveAsync("slots")).Error, (await ReserveAsync("rate")).Error);
        open.Release();
        _server.Time.Advance(TimeSpan.FromSeconds(61));
        TrimAll();

        (slots!.Status, rate!.Status).Should().Be((429, 429));
        (Loaded("slots"), Loaded("rate")).Should().Be((null, null));
        (await ReserveAsync("slots", "rate")).Error.Should().BeNull();
    }

    [Test]
    public async Task A_call_that_holds_on_to_one_that_left_is_counted_in_its_successor()
    {
        await _server.Admin.PostAsync("/tag/new", """{"name": "slots", "max_parallel_requests": 1}""");
        var old = await Ring.FindAsync(new AccountId(AccountKind.Tag, "slots"));
        var cashier = _server.Services.GetRequiredService<Cashier>();
        var reservation = new Reservation(cashier, 0, 0);
        reservation.Add(old);
        TrimAll();
        var other = (await ReserveAsync("slots")).Reservation!;

        var refused = await cashier.AdmitAsync(reservation, null, CancellationToken.None);
        other.Release();
        var admitted = await cashier.AdmitAsync(reservation, null, CancellationToken.None);

        (refused.Error!.Status, admitted.Error, old.HasLeft, Loaded("slots")!.Holds).Should().Be((429, null, true, 1));
    }

    [Test]
    public async Task The_most_recently_used_stay()
    {
        for (var tag = 0; tag < 10; tag++)
        {
            (await ReserveAsync($"t-{tag}")).Reservation!.Release();
            _server.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Ring.Trim(Clock(), keep: 3);

        Enumerable.Range(0, 10).Where(tag => Loaded($"t-{tag}") is not null).Should().Equal(7, 8, 9);
    }

    private long Clock() => _server.Time.GetElapsedTime(0, _server.Time.GetTimestamp()).Ticks;

    private void TrimAll() => Ring.Trim(Clock(), keep: 0);

    private Account? Loaded(string tag) => Ring.FindLoaded(new AccountId(AccountKind.Tag, tag));

    private async Task SpendAsync(string tag, decimal cost)
    {
        var (reservation, error) = await ReserveAsync(tag);
        error.Should().BeNull();
        await _server.Services.GetRequiredService<SpendLedger>().RecordAsync(
            new SpendEntry
            {
                CallId = Guid.NewGuid(),
                CallType = "acompletion",
                Tags = [tag],
                Model = "m",
                Outcome = SpendOutcome.Success,
                StatusCode = 200,
                Cost = cost,
                StartedAt = _server.Time.GetUtcNow(),
                EndedAt = _server.Time.GetUtcNow(),
            },
            null,
            reservation);
    }

    private async Task<(Reservation? Reservation, ProxyError? Error)> ReserveAsync(params string[] tags)
    {
        var state = await _server.Services.GetRequiredService<KeyRing>().FindAsync(KeyHash.Of(_key));
        return await _server.Services.GetRequiredService<Cashier>().ReserveAsync(state!.Caller, new CallEstimate("m", 0, 0, null, tags), default);
    }
}
