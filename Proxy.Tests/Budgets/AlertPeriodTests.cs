using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Management;

namespace Proxy.Tests.Budgets;

/// <summary>An alert is raised once for each threshold of a budget in each of its periods.</summary>
[OnEachEngine]
internal sealed class AlertPeriodTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Each_threshold_is_raised_when_it_is_reached_and_once_until_the_period_is_over()
    {
        var key = await _server.CreateKeyAsync(""" "max_budget": 10, "soft_budget": 5, "budget_duration": "1d" """);

        (await SpendAsync(key, 4, 0)).Should().BeEmpty();
        (await SpendAsync(key, 1, 1)).Should().Equal("soft_budget 5");
        (await SpendAsync(key, 2.5m, 1)).Should().HaveCount(1);
        (await SpendAsync(key, 0.5m, 2)).Should().Equal("80_percent 8", "soft_budget 5");
        (await SpendAsync(key, 2, 3)).Should().Equal("100_percent 10", "80_percent 8", "soft_budget 5");
        _server.Time.Advance(TimeSpan.FromDays(1));

        (await SpendAsync(key, 10, 6)).Should().Equal("100_percent 10", "100_percent 10", "80_percent 8", "80_percent 10", "soft_budget 5", "soft_budget 10");
    }

    [Test]
    public async Task A_larger_budget_is_told_of_anew()
    {
        var key = await _server.CreateKeyAsync(""" "max_budget": 10 """);
        await SpendAsync(key, 10, 2);
        await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "max_budget": 20}""");

        (await SpendAsync(key, 6, 2, alerts => alerts.Contains("80_percent 16"))).Should().Equal("100_percent 10", "80_percent 16");
    }

    [Test]
    public async Task A_temporary_increase_counts_for_as_long_as_it_lasts()
    {
        var key = await _server.CreateKeyAsync(""" "max_budget": 10 """);
        var ends = _server.Time.GetUtcNow().AddHours(1).ToString("O");
        await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "temp_budget_increase": 10, "temp_budget_expiry": "{{ends}}"}""");

        (await SpendAsync(key, 15, 0)).Should().BeEmpty("15 of 20 are 75 %");
        (await SpendAsync(key, 1, 1)).Should().Equal("80_percent 16");
        (await _server.Database.QueryAsync<long>("select max_budget from budget_alert")).Should().Equal(20_000_000_000_000);
        (await SpendAsync(key, 4, 2)).Should().Equal("100_percent 20", "80_percent 16");
    }

    [Test]
    public async Task After_a_temporary_increase_the_budget_of_its_own_is_told_of()
    {
        var key = await _server.CreateKeyAsync(""" "max_budget": 10 """);
        var ends = _server.Time.GetUtcNow().AddHours(1).ToString("O");
        await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "temp_budget_increase": 10, "temp_budget_expiry": "{{ends}}"}""");
        await SpendAsync(key, 7, 0);
        _server.Time.Advance(TimeSpan.FromHours(2));

        (await SpendAsync(key, 1, 1)).Should().Equal("80_percent 8");
    }

    /// <returns>All alerts, once there are as many as expected.</returns>
    private async Task<IReadOnlyList<string>> SpendAsync(string key, decimal cost, int expected, Predicate<IReadOnlyList<string>>? isDone = null)
    {
        await _server.SpendAsync(key, cost);
        return await Eventually.BecomesAsync(
            () => _server.Database.QueryAsync<string>("select threshold || ' ' || (spend / 1000000000000) from budget_alert order by threshold, spend"),
            alerts => alerts.Count == expected && isDone?.Invoke(alerts) != false);
    }
}
