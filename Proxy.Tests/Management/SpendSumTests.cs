using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>When what calls have cost comes into the sums of their scopes, and that it comes once.</summary>
[OnEachEngine]
internal sealed class SpendSumTests
{
    private const long Pico = 1_000_000_000_000;

    private ManagementServer _server = null!;

    private SpendLedger Ledger => _server.Services.GetRequiredService<SpendLedger>();

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Calls_are_summed_within_a_second_though_nobody_reads()
    {
        await Ledger.RecordAsync(Entry(1, "u-1"), null);
        await Ledger.RecordAsync(Entry(2, "u-1"), null);

        (await UnsummedAsync()).Should().BePositive("a sum for each commit would cost more than the calls");
        _server.Time.Advance(TimeSpan.FromSeconds(1));

        (await Eventually.BecomesAsync(UnsummedAsync, rows => rows == 0)).Should().Be(0);
        (await _server.Database.QueryAsync<long>("select spend from account where kind = 'user'")).Should().Equal(3 * Pico);
    }

    [Test]
    public async Task What_touches_no_sums_does_not_have_them_written()
    {
        await Ledger.RecordAsync(Entry(1, "u-1"), null);

        await _server.Services.GetRequiredService<CommitQueue>().WriteApartAsync((_, _) => 0, default);
        await (await _server.Services.GetRequiredService<Database>().OpenApartAsync(default)).DisposeAsync();

        (await UnsummedAsync()).Should().BePositive();
    }

    [Test]
    public async Task Sums_of_many_rows_are_written_before_their_time()
    {
        await Task.WhenAll(Enumerable.Range(0, 1_000).Select(user => Ledger.RecordAsync(Entry(1, $"u-{user}"), null)));
        await Ledger.RecordAsync(Entry(1, "u-last"), null);

        (await _server.Database.QueryAsync<long>("select count(*) from account where kind = 'user'")).Single().Should().BeGreaterThan(400);
    }

    [Test]
    public async Task Who_reads_finds_every_call_that_was_recorded()
    {
        for (var calls = 1; calls <= 20; calls++)
        {
            await Ledger.RecordAsync(Entry(1, "u-1"), null);

            (await _server.QueryAsync<long>("select spend from account where kind = 'user'")).Should().Equal(calls * Pico);
        }
    }

    [Test]
    public async Task After_writes_that_were_rolled_back_each_call_is_in_each_sum_once()
    {
        var random = new Random(20261127);
        var key = await _server.CreateKeyAsync();
        await _server.CreateTeamAsync(""" "team_id": "t-1" """);
        var queue = _server.Services.GetRequiredService<CommitQueue>();
        var expected = new Dictionary<string, long>();
        for (var round = 0; round < 60; round++)
        {
            var entries = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Some(random, key)).ToList();
            var works = entries.ConvertAll(entry => Ledger.RecordAsync(entry, null));
            if (random.Next(3) == 0) await queue.WriteApartAsync<int>((_, _) => throw new InvalidOperationException("poison"), default).Invoking(task => task).Should().ThrowAsync<InvalidOperationException>();
            if (random.Next(4) == 0) await queue.WriteAsync((_, _) => 0, default);
            await Task.WhenAll(works);
            if (random.Next(6) == 0) await _server.QueryAsync<long>("select 1");
            foreach (var entry in entries) Count(expected, entry);
        }

        (await _server.QueryAsync<(string Scope, long Spend)>("""
            select 'key' as Scope, spend as Spend from api_key where spend > 0
            union all select 'team ' || team_id, spend from team
            union all select kind || ' ' || replace(id, chr31, '/'), spend from account where spend > 0
            union all select 'day ' || model || day, sum(spend) from spend_day group by model, day
            union all select kind || ' day ' || id, sum(spend) from account_day group by kind, id
            """.Replace("chr31", _server.Database.Postgres is null ? "char(31)" : "chr(31)")))
            .Should().BeEquivalentTo(expected.Select(sum => (sum.Key, sum.Value)));
        (await UnsummedAsync()).Should().Be(0);
    }

    [Test]
    public async Task A_name_with_a_zero_in_it_is_not_counted_for_another_when_sums_are_made_again()
    {
        await Ledger.RecordAsync(Entry(1, "u-1") with { EndUser = "c\0x" }, null);
        await _server.Services.GetRequiredService<CommitQueue>().WriteApartAsync<int>((_, _) => throw new InvalidOperationException("poison"), default)
            .Invoking(task => task).Should().ThrowAsync<InvalidOperationException>();

        var bytes = _server.Database.Postgres is null ? "hex(id)" : "upper(encode(convert_to(id, 'UTF8'), 'hex'))";
        (await _server.QueryAsync<string>($"select {bytes} from account where kind = 'end_user'"))
            .Should().Equal(_server.Database.Postgres is null ? "630078" : "63EFBFBD78");
    }

    [Test]
    public async Task A_sum_that_the_database_refuses_keeps_no_other_and_no_call()
    {
        await Ledger.RecordAsync(Entry(1, "full"), null);
        await _server.QueryAsync<long>("select 1");
        await using (var connection = await _server.Database.OpenAsync())
            await connection.ExecuteAsync($"update account set spend = {long.MaxValue} where id = 'full'");

        var queue = _server.Services.GetRequiredService<CommitQueue>();
        await Task.WhenAll(
            queue.WriteApartAsync((_, _) => 0, default), Ledger.RecordAsync(Entry(2, "full"), null), Ledger.RecordAsync(Entry(3, "u-1"), null), queue.WriteAsync((_, _) => 0, default));
        await Ledger.RecordAsync(Entry(4, "u-1"), null);

        (await _server.QueryAsync<long>("select spend from account where kind = 'user' order by id")).Should().Equal(long.MaxValue, 7 * Pico);
        (await _server.QueryAsync<long>("select cast(sum(spend) as bigint) from spend_day")).Should().Equal(10 * Pico);
        (await _server.Services.GetRequiredService<SpendLog>().SumAsync(default)).Should().Be((4, 10m));
    }

    [Test]
    public async Task Very_dear_calls_pass_no_sum_together_that_each_fits_into()
    {
        var days = new[] { 1, 2, 3 };

        await Task.WhenAll(days.Select(day => Ledger.RecordAsync(Entry(9_000_000, $"u-{day}") with { StartedAt = DateTimeOffset.UnixEpoch.AddDays(day) }, null)));

        (await _server.QueryAsync<long>("select spend from account where kind = 'user'")).Should().Equal(9_000_000 * Pico, 9_000_000 * Pico, 9_000_000 * Pico);
        (await _server.QueryAsync<long>("select spend from spend_day")).Should().Equal(9_000_000 * Pico, 9_000_000 * Pico, 9_000_000 * Pico);
    }

    [Test]
    public async Task A_program_that_ends_leaves_no_call_without_its_sums()
    {
        await Ledger.RecordAsync(Entry(1, "u-1"), null);
        _server.Services.GetRequiredService<CommitQueue>().Dispose();

        (await UnsummedAsync()).Should().Be(0);
        (await _server.Database.QueryAsync<long>("select spend from account where kind = 'user'")).Should().Equal(Pico);
    }

    private async Task<long> UnsummedAsync() => (await _server.Database.QueryAsync<long>("select count(*) from spend_unsummed")).Single();

    private static void Count(Dictionary<string, long> sums, SpendEntry entry)
    {
        var picos = Money.ToPico(entry.Cost);
        Add($"day {entry.Model}{entry.StartedAt.ToUnixTimeSeconds() / 86_400}");
        Add($"end_user day {entry.EndUser}");
        foreach (var tag in entry.Tags) Add($"tag day {tag}");
        Add("key");
        Add($"team {entry.TeamId}");
        Add($"user {entry.UserId}");
        Add($"team_member {entry.TeamId}/{entry.UserId}");
        Add($"organization {entry.OrganizationId}");
        Add($"organization_member {entry.OrganizationId}/{entry.UserId}");
        Add($"end_user {entry.EndUser}");
        foreach (var tag in entry.Tags) Add($"tag {tag}");

        void Add(string scope) => sums[scope.Replace('\0', '\ufffd')] = sums.GetValueOrDefault(scope.Replace('\0', '\ufffd')) + picos;
    }

    private static SpendEntry Some(Random random, string key) => Entry(random.Next(1, 1000) * 0.001m, $"u-{random.Next(3)}") with
    {
        KeyHash = KeyHash.Of(key),
        TeamId = "t-1",
        OrganizationId = $"o-{random.Next(2)}",
        EndUser = $"c-{random.Next(3)}",
        Model = $"m-{random.Next(3)}",
        Tags = random.Next(2) == 0 ? ["a"] : ["a", "b"],
        Usage = new TokenUsage(random.Next(9), random.Next(9), random.Next(9), random.Next(9), random.Next(9)),
        StartedAt = DateTimeOffset.UnixEpoch.AddDays(random.Next(3)),
    };

    private static SpendEntry Entry(decimal cost, string user) => SomeSpend.Entry(cost) with { UserId = user };
}
