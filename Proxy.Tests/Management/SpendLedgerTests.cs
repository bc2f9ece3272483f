using System.Data.Common;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class SpendLedgerTests
{
    [Test]
    public async Task Sums_of_parallel_calls_are_exact_to_the_last_digit()
    {
        const int Calls = 2000;
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        var keys = new[] { await server.CreateKeyAsync(""" "team_id": "t-1" """), await server.CreateKeyAsync(""" "team_id": "t-1" """) };
        using var client = server.With(keys[0]);
        await client.GetJsonAsync("/key/info");
        var ledger = server.Services.GetRequiredService<SpendLedger>();
        var costs = Enumerable.Range(1, Calls).Select(i => i * 0.000000000007m).ToList();

        await Task.WhenAll(costs.Select((cost, i) => Task.Run(() => ledger.RecordAsync(
            SomeSpend.Entry(cost) with { KeyHash = KeyHash.Of(keys[i % 2]), TeamId = "t-1", UserId = "u-1" }, null))));

        (await server.Services.GetRequiredService<SpendLog>().SumAsync(default)).Should().Be((Calls, costs.Sum()));
        (await SpendOfAsync(server, keys[0])).Should().Be(costs.Where((_, i) => i % 2 == 0).Sum());
        (await SpendOfAsync(server, keys[1])).Should().Be(costs.Where((_, i) => i % 2 == 1).Sum());
        (await ScalarAsync(server, "select spend from team")).Should().Be(Money.ToPico(costs.Sum()));
        (await ScalarAsync(server, "select spend from account where kind = 'user' and id = 'u-1'")).Should().Be(Money.ToPico(costs.Sum()));
        var warm = server.Services.GetRequiredService<KeyRing>().FindLoaded(KeyHash.Of(keys[0]))!;
        (warm.Spend, warm.Team!.Spend).Should().Be((costs.Where((_, i) => i % 2 == 0).Sum(), costs.Sum()));
    }

    [Test]
    public async Task A_call_is_recorded_once_and_the_second_record_takes_nobody_along()
    {
        await using var server = await ManagementServer.StartAsync();
        var ledger = server.Services.GetRequiredService<SpendLedger>();
        var twice = SomeSpend.Entry(1m);

        var tasks = new[] { twice, twice, SomeSpend.Entry(1m) }.Select(entry => ledger.RecordAsync(entry with { UserId = "u-1" }, null)).ToList();

        await tasks[0];
        await tasks[2];
        await tasks[1].Invoking(task => task).Should().ThrowAsync<DbException>();
        (await server.Services.GetRequiredService<SpendLog>().SumAsync(default)).Should().Be((2, 2m));
        (await ScalarAsync(server, "select spend from account where kind = 'user'")).Should().Be(Money.ToPico(2));
    }

    [Test]
    public async Task A_call_of_a_deleted_key_is_still_recorded()
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();
        await server.Admin.PostAsync("/key/delete", $$"""{"keys": ["{{key}}"]}""");

        await RecordAsync(server, SomeSpend.Entry(1m) with { KeyHash = KeyHash.Of(key), TeamId = "gone" });

        (await server.Services.GetRequiredService<SpendLog>().SumAsync(default)).Should().Be((1, 1m));
    }

    [Test]
    public async Task A_rider_is_in_the_same_commit_and_its_fault_leaves_no_spend()
    {
        await using var server = await ManagementServer.StartAsync();
        var ledger = server.Services.GetRequiredService<SpendLedger>();
        var log = server.Services.GetRequiredService<SpendLog>();
        var (carried, lost) = (SomeSpend.Entry(1m), SomeSpend.Entry(1m));

        await ledger.RecordAsync(carried, new Rider((connection, transaction) =>
            connection.Execute("insert into account (kind, id, details, is_blocked, spend, created_at, updated_at) values ('user', 'rider', '{}', 0, 0, 0, 0)", transaction: transaction)));
        var failing = () => ledger.RecordAsync(lost, new Rider((_, _) => throw new InvalidOperationException("no room")));

        await failing.Should().ThrowAsync<InvalidOperationException>();
        (await ScalarAsync(server, "select count(*) from account where id = 'rider'")).Should().Be(1);
        (await log.FindAsync(carried.CallId, default)).Should().NotBeNull();
        (await log.FindAsync(lost.CallId, default)).Should().BeNull();
    }

    [Test]
    public async Task A_management_write_sees_the_spend_of_calls_in_its_group()
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();
        var release = new ManualResetEventSlim();
        var queue = server.Services.GetRequiredService<CommitQueue>();
        var first = queue.WriteAsync((_, _) => { release.Wait(); return 0; }, default);

        var recorded = RecordAsync(server, SomeSpend.Entry(0.25m) with { KeyHash = KeyHash.Of(key) });
        var blocked = server.Services.GetRequiredService<KeyChanges>().SetBlockedAsync(KeyHash.Of(key), true, Caller.Master, default);
        release.Set();

        await Task.WhenAll(first, recorded);
        (await blocked).Key!.Spend.Should().Be(0.25m);
    }

    [Test]
    public async Task Calls_that_end_while_the_program_closes_are_recorded()
    {
        var server = await ManagementServer.StartAsync();
        var ledger = server.Services.GetRequiredService<SpendLedger>();
        await ledger.RecordAsync(SomeSpend.Entry(1m), null);
        var release = new ManualResetEventSlim();
        var first = server.Services.GetRequiredService<CommitQueue>().WriteAsync((_, _) => { release.Wait(); return 0; }, default);
        var tasks = Enumerable.Range(0, 500).Select(_ => ledger.RecordAsync(SomeSpend.Entry(1m), null)).ToList();

        var closing = Task.Run(async () => await server.DisposeAsync());
        release.Set();

        await Task.WhenAll([closing, first, .. tasks]);
        tasks.Should().OnlyContain(task => task.IsCompletedSuccessfully);
    }

    [Test]
    public async Task A_negative_cost_is_refused()
    {
        await using var server = await ManagementServer.StartAsync();

        var record = () => RecordAsync(server, SomeSpend.Entry(-1m));

        await record.Should().ThrowAsync<ArgumentException>();
    }

    [Test]
    public async Task An_entry_is_read_back_as_it_was_written()
    {
        await using var server = await ManagementServer.StartAsync();
        var start = new DateTimeOffset(2026, 1, 31, 10, 0, 0, 123, TimeSpan.Zero);
        var entry = SomeSpend.Entry(0.0001m) with
        {
            KeyHash = KeyHash.Of("sk-1"),
            TeamId = "t",
            UserId = "u",
            EndUser = "e",
            UpstreamModel = "up",
            Provider = "p",
            Destination = "c/d",
            Outcome = SpendOutcome.Incomplete,
            StatusCode = 200,
            ErrorType = "broken",
            Usage = new TokenUsage(1, 2, 3, 4, 5),
            IsEstimated = true,
            IsUnpriced = true,
            StartedAt = start,
            EndedAt = start.AddSeconds(2),
            FirstTokenAt = start.AddSeconds(1),
            Tags = ["a", "b"],
            SessionId = "s",
            RequesterIp = "::1",
            Attempts = 2,
        };

        await RecordAsync(server, entry);
        var found = await server.Services.GetRequiredService<SpendLog>().FindAsync(entry.CallId, default);
        var (status, rows) = await server.Admin.GetJsonAsync($"/spend/logs?request_id={entry.CallId}");

        found.Should().BeEquivalentTo(entry);
        status.Should().Be(200);
        var row = rows[0];
        row.GetProperty("request_id").GetString().Should().Be(entry.CallId.ToString());
        row.GetProperty("api_key").GetString().Should().Be(KeyHash.Of("sk-1").ToString());
        (row.GetProperty("prompt_tokens").GetInt64(), row.GetProperty("completion_tokens").GetInt64()).Should().Be((6, 9));
        row.GetProperty("total_tokens").GetInt64().Should().Be(15);
        row.GetProperty("spend").GetDecimal().Should().Be(0.0001m);
        row.GetProperty("startTime").GetDateTimeOffset().Should().Be(start);
        row.GetProperty("status").GetString().Should().Be("failure");
        row.GetProperty("metadata").GetProperty("outcome").GetString().Should().Be("incomplete");
    }

    [Test]
    public async Task The_log_is_never_listed_whole()
    {
        await using var server = await ManagementServer.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 150).Select(_ => RecordAsync(server, SomeSpend.Entry(0))));

        (await server.Admin.GetJsonAsync("/spend/logs")).Body.GetArrayLength().Should().Be(100);
        (await server.Admin.GetJsonAsync("/spend/logs?limit=3")).Body.GetArrayLength().Should().Be(3);
        (await server.Admin.GetJsonAsync("/spend/logs?request_id=chatcmpl-1")).Body.GetArrayLength().Should().Be(0);
        (await server.Admin.GetJsonAsync("/spend/logs?limit=100000")).Refusal().Should().Be((422, "invalid_request_error", "limit"));
    }

    private static Task RecordAsync(ManagementServer server, SpendEntry entry) =>
        server.Services.GetRequiredService<SpendLedger>().RecordAsync(entry, null);

    private static async Task<decimal> SpendOfAsync(ManagementServer server, string key) =>
        (await server.Admin.GetJsonAsync($"/key/info?key={key}")).Body.GetProperty("info").GetProperty("spend").GetDecimal();

    private static async Task<long> ScalarAsync(ManagementServer server, string sql)
    {
        await using var connection = await server.Services.GetRequiredService<Database>().OpenAsync(default);
        return await connection.ExecuteScalarAsync<long>(sql);
    }

    private sealed class Rider(Action<DbConnection, DbTransaction> write) : ICommitRider
    {
        public void Write(DbConnection connection, DbTransaction transaction) => write(connection, transaction);

        public void Flush(DbConnection connection, DbTransaction transaction)
        {
        }

        public void Forget()
        {
        }

        public void Committed()
        {
        }
    }
}
