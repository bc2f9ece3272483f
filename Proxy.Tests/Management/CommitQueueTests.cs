using Dapper;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class CommitQueueTests
{
    private const string InsertSql = "insert into note (text) values (@text)";

    private readonly string _folder = Directory.CreateTempSubdirectory("proxy-tests-").FullName;
    private TestDatabase _place = null!;
    private Database _database = null!;
    private CommitQueue _queue = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        _place = await TestDatabase.CreateAsync($"{_folder}/data/proxy.db");
        _database = new Database(_place.Setting);
        await new Migrator(_database, TimeProvider.System).ApplyAsync(
            "tests", [("0001", "create table note (id integer primary key, text text not null unique) strict; create table long_note (text text not null) strict")]);
        _queue = new CommitQueue(_database, NullLogger<CommitQueue>.Instance);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        _queue.Dispose();
        _database.Dispose();
        await _place.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task Works_that_wait_together_share_a_commit_and_a_poison_work_fails_alone()
    {
        var (release, runs) = (new ManualResetEventSlim(), 0);
        var isRunning = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = _queue.WriteAsync((_, _) => { isRunning.TrySetResult(); release.Wait(); return 0; }, default);
        await isRunning.Task; // those that come now wait for the next commit
        var good = Enumerable.Range(0, 50).Select(i => InsertAsync($"good {i}", () => Interlocked.Increment(ref runs))).ToList();
        var poison = _queue.WriteAsync<int>((_, _) => throw new InvalidOperationException("poison"), default);
        var late = InsertAsync("late", () => Interlocked.Increment(ref runs));

        release.Set();

        await Task.WhenAll([first, .. good, late]);
        await poison.Invoking(task => task).Should().ThrowAsync<InvalidOperationException>().WithMessage("poison");
        (await CountAsync()).Should().Be(51);
        runs.Should().Be(50 + 51, "the 50 before the poison ran with it and then alone, the one behind it only alone");
    }

    [Test]
    public async Task A_statement_that_the_database_refuses_takes_nobody_along()
    {
        var tasks = new[] { InsertAsync("same"), InsertAsync("same"), InsertAsync("other") };

        var results = await Task.WhenAll(tasks.Select(async task =>
        {
            try
            {
                await task;
                return true;
            }
            catch (System.Data.Common.DbException)
            {
                return false;
            }
        }));

        results.Should().Equal(true, false, true);
        (await CountAsync()).Should().Be(2);
    }

    [Test]
    public async Task A_work_sees_what_an_earlier_one_of_its_group_wrote()
    {
        var release = new ManualResetEventSlim();
        var first = _queue.WriteAsync((_, _) => { release.Wait(); return 0; }, default);
        var write = InsertAsync("a");
        var read = _queue.WriteAsync(
            (connection, transaction) => connection.ExecuteScalar<long>("select count(*) from note", transaction: transaction), default);

        release.Set();

        await Task.WhenAll(first, write);
        (await read).Should().Be(1);
    }

    [Test]
    public async Task What_waits_is_committed_when_the_queue_closes()
    {
        var tasks = Enumerable.Range(0, 100).Select(i => InsertAsync($"{i}")).ToList();

        _queue.Dispose();

        await Task.WhenAll(tasks);
        (await CountAsync()).Should().Be(100);
        await InsertAsync("too late").Invoking(task => task).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public async Task More_works_than_the_queue_holds_wait_for_room()
    {
        await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i => InsertAsync($"{i}")));

        (await CountAsync()).Should().Be(10_000);
    }

    [Test]
    public async Task The_log_of_writes_stays_small_while_commits_never_pause()
    {
        const int Megabyte = 1024 * 1024;
        long largest = 0;
        for (var written = 0; written < 160; written += 4)
        {
            // There is always one that waits for its commit.
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _queue.WriteAsync(
                (connection, transaction) => connection.Execute("insert into long_note (text) values (@text)", new { text = new string('x', Megabyte) }, transaction), default)));
            if (_database.Path is { } path) largest = Math.Max(largest, new FileInfo(path + "-wal").Length);
        }

        (largest / Megabyte).Should().BeLessThan(80);
        (await _place.QueryAsync<long>("select count(*) from long_note")).Should().Equal(160);
    }

    [Test]
    public async Task A_script_is_applied_once_and_may_not_change()
    {
        var migrator = new Migrator(_database, TimeProvider.System);
        const string Sql = "create table once (id integer primary key) strict";

        await migrator.ApplyAsync("again", [("0001", Sql)]);
        await migrator.ApplyAsync("again", [("0001", Sql), ("0002", "create table twice (id integer primary key) strict")]);
        var changed = () => migrator.ApplyAsync("again", [("0001", Sql + " ")]);

        (await changed.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*'0001' of 'again' differs*");
    }

    [Test]
    public async Task A_script_that_fails_leaves_nothing_behind()
    {
        var migrator = new Migrator(_database, TimeProvider.System);

        var failing = () => migrator.ApplyAsync("half", [("0001", "create table half (id integer)"), ("0002", "nonsense")]);

        await failing.Should().ThrowAsync<System.Data.Common.DbException>();
        await migrator.ApplyAsync("half", [("0001", "create table half (id integer)")]);
    }

    [TestCase("")]
    [TestCase("sqlite:")]
    [TestCase("sqlite::memory:")]
    [TestCase("mysql://localhost/proxy")]
    [TestCase("postgres://localhost")]
    [TestCase("postgres://localhost:x/proxy")]
    [TestCase("Host=localhost")]
    [TestCase("Host=localhost;Database=proxy;Password=hunter2;Nonsense=1")]
    public void A_database_of_another_kind_is_refused_with_a_sentence(string setting)
    {
        var open = () => new Database(setting);

        open.Should().Throw<ArgumentException>().WithMessage("The setting Management:Database must be 'sqlite:'*").Which.ToString().Should().NotContain("hunter2");
    }

    [TestCase(0.0000000000005, 0)]
    [TestCase(0.0000000000015, 2)]
    [TestCase(0.000000000001, 1)]
    [TestCase(9_000_000, 9_000_000_000_000_000_000)]
    public void Money_is_whole_picodollars(double dollars, long picos)
    {
        Money.ToPico((decimal)dollars).Should().Be(picos);
        Money.FromPico(1).Should().Be(0.000000000001m);
    }

    [Test]
    public void Money_that_does_not_fit_is_refused()
    {
        var convert = () => Money.ToPico(9_300_000m);

        convert.Should().Throw<OverflowException>();
    }

    private Task<int> InsertAsync(string text, Action? ran = null) => _queue.WriteAsync(
        (connection, transaction) =>
        {
            ran?.Invoke();
            return connection.Execute(InsertSql, new { text }, transaction);
        },
        default);

    private async Task<long> CountAsync()
    {
        await using var connection = await _database.OpenAsync(default);
        return await connection.ExecuteScalarAsync<long>("select count(*) from note");
    }
}
