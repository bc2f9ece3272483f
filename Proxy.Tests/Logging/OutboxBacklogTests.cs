using System.Text;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Tests.Logging;

/// <summary>Where rows of a target wait that does not take them, which on SQLite is a file of their own.</summary>
internal sealed class OutboxBacklogTests : OutboxFixture
{
    [SetUp]
    public void TakeNothing() => Langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));

    [Test]
    public async Task What_waits_stands_together_in_a_file_for_its_owner_alone_until_its_target_takes_it()
    {
        using var log = await ParkAsync();

        await RecordAsync(log, "red", "1", "2", "3", "4", "5");
        await RecordAsync(log, "red", "6", "7", "8", "9");

        (await Database.CountChunksAsync(), await Database.CountBacklogAsync()).Should().Be((2, 10));
        (await log.Operations.ListTargetsAsync(CancellationToken.None)).Single().Waiting.Should().Be(10);
        Database.BacklogFiles.Should().ContainSingle();
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(Database.BacklogFiles[0]).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 10)).Select(span => span.Name).Should().Equal("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        await Database.WaitForCountAsync("outbox", 0);
        await log.Get<OutboxStore>().LookAfterJournalAsync(CancellationToken.None);
        Database.BacklogFiles.Should().ContainSingle("a machine that goes down now may find the chunks again");
        Time.Advance(TimeSpan.FromMinutes(1));
        await log.Get<OutboxStore>().LookAfterJournalAsync(CancellationToken.None);
        Database.BacklogFiles.Should().BeEmpty();
        await log.StopAsync();
    }

    [Test]
    public async Task The_next_start_sends_what_is_in_the_files_and_removes_those_in_which_nothing_waits()
    {
        using (var killed = await ParkAsync()) await RecordAsync(killed, "red", "1", "2", "3", "4");
        var left = Database.BacklogFiles.Single();
        var orphan = left[..^1] + "7";
        File.Copy(left, orphan);
        Langfuse.Answer = static _ => Task.FromResult(FakeAnswer.Ok);

        using var log = await StartAsync();

        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 5)).Select(span => span.Name).Should().Equal("0", "1", "2", "3", "4");
        await Database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
        Database.BacklogFiles.Should().BeEmpty();
    }

    [Test]
    public async Task A_file_of_an_earlier_run_is_never_written_over()
    {
        using (var killed = await ParkAsync()) await RecordAsync(killed, "red", "1", "2", "3", "4");

        using var log = await StartAsync();
        await Langfuse.WaitForRequestsAsync(Blue.PublicKey, 2);
        await RecordAsync(log, "red", "5", "6", "7", "8");

        Database.BacklogFiles.Should().HaveCount(2);
        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 9)).Select(span => span.Name).Should().Equal("0", "1", "2", "3", "4", "5", "6", "7", "8");
        await log.StopAsync();
    }

    [Test]
    public async Task What_is_purged_is_in_no_file_any_more_and_what_others_have_there_is_sent()
    {
        using var log = await ParkAsync();
        await RecordAsync(log, "red", [.. Enumerable.Range(0, 600).Select(i => $"a confidence {i}")]);
        await RecordAsync(log, "grey", "1", "2", "3", "4");
        Database.ReadJournal().Should().Contain("a confidence 0").And.Contain("a confidence 599");

        (await log.Operations.PurgeOwnerAsync("red", CancellationToken.None)).Should().Be(600);

        Database.ReadJournal().Should().NotContain("a confidence");
        log.Books.Read().Should().Contain("purged", 600);
        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 5)).Select(span => span.Name).Should().Equal("0", "1", "2", "3", "4");
        await log.StopAsync();
    }

    [Test]
    public async Task A_file_that_is_full_takes_no_memory_of_the_system_until_it_is_sent()
    {
        if (!SystemCache.IsKnown) Assert.Ignore("What the system keeps in memory is asked of Linux, and of a disk.");
        using var log = await ParkAsync();

        await RecordAsync(log, "red", large: true, [.. Enumerable.Range(1, 850).Select(i => $"{i}")]);
        await RecordAsync(log, "red", large: true, "851", "852", "853", "854");

        Database.BacklogFiles.Should().HaveCount(2);
        new FileInfo(Database.BacklogFiles[0]).Length.Should().BeGreaterThan(16 * 1024 * 1024);
        (await Eventually.BecomesAsync(() => Task.FromResult(SystemCache.BytesOf(Database.BacklogFiles[0])), bytes => bytes < 1024 * 1024)).Should().BeLessThan(1024 * 1024);
        SystemCache.BytesOf(Database.BacklogFiles[1]).Should().BePositive("it is still written to");
        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 855)).Select(span => span.Name).Should().Equal(Enumerable.Range(0, 855).Select(i => $"{i}"));
        await log.StopAsync();
    }

    [Test]
    public async Task One_that_is_refused_is_buried_alone_and_those_beside_it_arrive_once()
    {
        using var log = await ParkAsync();
        await RecordAsync(log, "red", "1", "2", "poison", "4", "5", "6", "7", "8");

        Mend(log, export => export.Spans.Any(span => span.Name == "poison") ? new FakeAnswer(400, "no") : FakeAnswer.Ok);

        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 8)).Select(span => span.Name).Should().BeEquivalentTo("0", "1", "2", "4", "5", "6", "7", "8");
        await Database.WaitForCountAsync("dead_letter", 1);
        await Database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
        Blue.TotalDeliveries.Should().Be(8);
        Database.BacklogFiles.Should().BeEmpty();
    }

    [Test]
    public async Task What_the_disk_has_lost_is_buried_and_costs_nobody_else_anything([Values] bool isWholeFile)
    {
        using var log = await ParkAsync();
        await RecordAsync(log, "red", "1", "2", "3", "4", "5");
        await RecordAsync(log, "red", "6", "7", "8", "9");
        await RecordAsync(log, "grey", "10", "11", "12", "13");
        if (isWholeFile) File.Delete(Database.BacklogFiles[0]);
        else Spoil(Database.BacklogFiles[0], "\"3\"");

        Mend(log);

        string[] arrives = isWholeFile ? ["0", "10", "11", "12", "13"] : ["0", "1", "2", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"];
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, arrives.Length)).Select(span => span.Name).Should().Equal(arrives);
        await Database.WaitForCountAsync("dead_letter", 14 - arrives.Length);
        await Database.WaitForCountAsync("outbox", 0);
        await log.Get<OutboxJanitor>().LookAsync(CancellationToken.None);
        log.Operations.OutboxBytes.Should().Be(0);
        await log.StopAsync();
    }

    [Test]
    public async Task What_is_too_old_goes_and_all_of_it_is_counted()
    {
        using var log = await ParkAsync(options => options.MaxAge = TimeSpan.FromDays(30));
        await RecordAsync(log, "red", "1", "2", "3", "4");
        Time.Advance(TimeSpan.FromDays(20));
        await RecordAsync(log, "red", "5", "6", "7", "8");
        Time.Advance(TimeSpan.FromDays(11));

        await log.Get<OutboxJanitor>().LookAsync(CancellationToken.None);

        (await Database.CountBacklogAsync()).Should().Be(4);
        log.Books.Read().Should().Contain("dropped", 5);
        await log.StopAsync();
    }

    [Test]
    public async Task At_the_disk_budget_the_oldest_of_the_same_owner_go_that_stand_together()
    {
        using var log = await ParkAsync(options => options.MaxOutboxBytes = 180_000);
        await RecordAsync(log, "grey", large: true, "1", "2", "3", "4");
        await RecordAsync(log, "red", large: true, "5", "6");
        await RecordAsync(log, "red", large: true, "7", "8", "9");

        await RecordAsync(log, "red", large: true, "X");

        (await Database.BodiesAsync()).Select(NameOf).Should().Equal("0", "1", "2", "3", "4", "7", "8", "9", "X");
        log.Books.Read().Should().Contain("dropped", 2);
        log.Log.Pressure.Should().NotBe(OutboxPressure.Full, "the next call makes no room");
        await log.StopAsync();
    }

    [Test]
    public async Task Where_commits_wait_for_the_disk_what_waits_is_in_the_table()
    {
        using var database = new TempOutboxDatabase { IsFlushed = true };
        using var log = await TestLog.StartAsync(database, Protection, Time);
        await log.RecordAsync(Blue.Target, Some.Record("0"));
        await Time.WaitForTimerAsync(TimeSpan.FromSeconds(60));

        await RecordAsync(log, "red", "1", "2", "3", "4");

        (await database.CountChunksAsync(), await database.CountBacklogAsync()).Should().Be((0, 5));
        database.BacklogFiles.Should().BeEmpty();
        await log.StopAsync();
    }

    [Test]
    public async Task More_owners_than_files_that_are_open_at_a_time_have_all_theirs()
    {
        using var log = await ParkAsync();
        string[] owners = [.. Enumerable.Range(0, 70).Select(owner => $"owner-{owner}")];
        for (var round = 0; round < 2; round++)
        {
            foreach (var owner in owners) await RecordAsync(log, owner, $"{owner} {round}a", $"{owner} {round}b", $"{owner} {round}c", $"{owner} {round}d");
        }

        Database.BacklogFiles.Should().HaveCount(70);
        if (OperatingSystem.IsLinux())
            Directory.GetFiles("/proc/self/fd").Select(handle => new FileInfo(handle).LinkTarget).Count(Database.BacklogFiles.Contains).Should().BePositive().And.BeLessThanOrEqualTo(64);
        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 561)).Select(span => span.Name).Should().OnlyHaveUniqueItems();
        await log.StopAsync();
        Database.BacklogFiles.Should().BeEmpty();
    }

    [Test]
    public async Task A_file_goes_when_what_is_in_it_was_taken_though_others_are_full()
    {
        using var log = await ParkAsync(options => options.MaxBatchBytes = 400_000);
        var text = Some.Json($"\"{new string('x', 390_000)}\"");
        for (var batch = 0; batch < 12; batch++) await RecordAsync(log, "red", () => Some.Record() with { Input = text }, ["a", "b", "c", "d"]);
        var files = Database.BacklogFiles;
        files.Should().HaveCount(2, "they are of 16 MB");

        var taken = 0;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Langfuse.Answer = async export =>
        {
            if (Interlocked.Add(ref taken, export.Spans.Count) > 46) await held.Task;
            return FakeAnswer.Ok;
        };
        log.Operations.Hurry();
        await Database.WaitForCountAsync("outbox", 4);
        for (var look = 0; look < 2; look++)
        {
            await log.Get<OutboxStore>().LookAfterJournalAsync(CancellationToken.None);
            Time.Advance(TimeSpan.FromMinutes(1));
        }

        await log.Get<OutboxStore>().LookAfterJournalAsync(CancellationToken.None);
        Database.BacklogFiles.Should().Equal(files[1]);
        held.SetResult();
        Mend(log);
        await Langfuse.WaitForSpansAsync(Blue.PublicKey, 49);
        await log.StopAsync();
    }

    [Test]
    public async Task What_stands_together_leaves_together_where_a_request_has_room_for_it()
    {
        using var log = await ParkAsync(options => options.BatchSize = 1);
        await RecordAsync(log, "red", "1", "2", "3", "4", "5", "6");
        await RecordAsync(log, "red", "7", "8", "9", "10", "11", "12");
        var rows = await Database.LastRowIdAsync();

        Mend(log);

        await Langfuse.WaitForSpansAsync(Blue.PublicKey, 13);
        await Database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
        (await Database.LastRowIdAsync()).Should().Be(rows, "no chunk was taken apart");
    }

    [Test]
    public async Task A_file_that_cannot_be_written_fails_the_commit_and_leaves_nothing_of_it()
    {
        using var log = await ParkAsync();
        var obstacle = Database.Journal!.Backlog.Path + "-0000000001";
        Directory.CreateDirectory(obstacle);

        var record = () => RecordAsync(log, "red", "1", "2", "3", "4");
        await record.Should().ThrowAsync<SqliteException>();
        Directory.Delete(obstacle);
        await RecordAsync(log, "red", "5", "6", "7", "8");

        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 5)).Select(span => span.Name).Should().Equal("0", "5", "6", "7", "8");
        Blue.TotalDeliveries.Should().Be(5);
    }

    [Test]
    public async Task Dead_letters_that_are_sent_again_have_other_ids_than_what_waits_in_files()
    {
        using var log = await ParkAsync();
        await RecordAsync(log, "red", "1", "2", "poison", "4");
        Mend(log, export => export.Spans.Any(span => span.Name == "poison") ? new FakeAnswer(400, "no") : FakeAnswer.Ok);
        await Database.WaitForCountAsync("dead_letter", 1);
        await Database.WaitForCountAsync("outbox", 0);
        Langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        await RecordAsync(log, "red", "5", "6", "7", "8");
        await Time.WaitForTimerAsync(TimeSpan.FromSeconds(60));

        (await log.Operations.RetryAsync(null, null, also: null, CancellationToken.None)).Should().Be(1);
        await RecordAsync(log, "red", "9", "10", "11", "12");

        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 13)).Select(span => span.Name)
            .Should().BeEquivalentTo("0", "1", "2", "4", "poison", "5", "6", "7", "8", "9", "10", "11", "12");
        await log.StopAsync();
    }

    [Test]
    public async Task Ids_are_not_given_again_after_a_crash_though_much_was_written_at_once()
    {
        // More than is collected before it is written.
        var text = Some.Json($"\"{new string('x', 390_000)}\"");
        using (var killed = await ParkAsync())
        {
            await RecordAsync(killed, "red", () => Some.Record() with { Input = text }, [.. Enumerable.Range(1, 11).Select(i => $"{i}")]);
            (await Database.CountBacklogAsync()).Should().Be(12);
        }

        using var log = await StartAsync();
        await RecordAsync(log, "red", "12", "13", "14", "15");
        Mend(log);

        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 16)).Select(span => span.Name).Should().BeEquivalentTo(Enumerable.Range(0, 16).Select(i => $"{i}"));
        await log.StopAsync();
    }

    [Test]
    public async Task What_was_rolled_back_is_in_no_file_and_what_stands_before_it_is([Values] bool isFirst)
    {
        using var log = await ParkAsync();
        if (!isFirst) await RecordAsync(log, "red", "1", "2", "3", "4");
        var entries = Prepare(log, "red", () => Some.Record(), ["a confidence", "a confidence", "a confidence", "a confidence"]);
        await log.RollBackAsync(isFlushed: true, entries);
        Database.ReadJournal().Should().Contain("a confidence");

        await log.Get<OutboxStore>().LookAfterJournalAsync(CancellationToken.None);

        Database.ReadJournal().Should().NotContain("a confidence");
        Mend(log);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, isFirst ? 1 : 5)).Should().HaveCount(isFirst ? 1 : 5);
        await log.StopAsync();
    }

    [Test]
    public async Task A_purge_finds_what_is_put_into_the_table_while_it_looks()
    {
        using var log = await ParkAsync();
        var entries = Prepare(log, "red", () => Some.Record(), ["1", "2", "3", "4"]);
        await log.CommitAsync(entries);
        var store = log.Get<OutboxStore>();
        var (reads, isTaken) = (0, false);
        Database.BeforeRead = async () =>
        {
            // The targets are listed; then chunks are looked for, and then rows.
            if (Interlocked.Increment(ref reads) != 3 || isTaken) return;
            isTaken = true;
            await store.DeleteAsync(entries[0].Parts[0].Target.Id, [entries[1].Parts[0].Id], CancellationToken.None);
        };

        await log.Operations.PurgeOwnerAsync("red", CancellationToken.None);

        isTaken.Should().BeTrue();
        (await Database.CountOwnedAsync("red")).Should().Be(0);
    }

    [Test]
    public async Task What_seemed_lost_and_is_in_the_table_is_not_buried()
    {
        using var log = await ParkAsync();
        var entries = Prepare(log, "red", () => Some.Record(), ["1", "2", "3", "4"]);
        await log.CommitAsync(entries);

        (await log.Get<OutboxStore>().BuryAsync(entries[0].Parts[0].Target.Id, new StoredRow(entries[2].Parts[0].Id, Bytes: 0), "lost", CancellationToken.None)).Should().Be(0);

        (await Database.CountAsync("dead_letter"), await Database.CountBacklogAsync()).Should().Be((0, 5));
    }

    [Test]
    public async Task A_call_that_makes_room_does_not_fail_for_a_file_that_cannot_be_read()
    {
        using (var killed = await ParkAsync()) await RecordAsync(killed, "red", large: true, "1", "2", "3", "4", "5");
        var file = Database.BacklogFiles.Single();
        File.Delete(file);
        Directory.CreateDirectory(file);
        using var log = await StartAsync(options => options.MaxOutboxBytes = 100_000);
        await log.Get<OutboxCensus>().Done;

        await RecordAsync(log, "red", large: true, "6");

        (await Database.BodiesAsync()).Select(NameOf).Should().Equal("0", "6");
        log.Books.Read().Should().Contain("dropped", 5);
        Directory.Delete(file);
        await log.StopAsync();
    }

    [Test]
    public async Task A_file_that_cannot_be_opened_again_fails_one_commit_and_no_other()
    {
        using var log = await ParkAsync();
        await RecordAsync(log, "red", "1", "2", "3", "4");
        var file = Database.BacklogFiles.Single();
        for (var owner = 0; owner < 70; owner++) await RecordAsync(log, $"owner-{owner}", "a", "b", "c", "d");
        File.Delete(file);
        Directory.CreateDirectory(file);

        var record = () => RecordAsync(log, "red", "5", "6", "7", "8");
        await record.Should().ThrowAsync<SqliteException>();
        await RecordAsync(log, "red", "9", "10", "11", "12");

        (await Database.CountOwnedAsync("red")).Should().Be(8);
        Directory.Delete(file);
    }

    [Test]
    public async Task A_file_in_the_place_of_another_is_nobodys()
    {
        var green = Langfuse.AddProject("green");
        using (var killed = await ParkAsync())
        {
            await RecordAsync(killed, "red", "1", "2", "3", "4");
            await killed.StopAsync();
        }

        // The same in another database, of another target.
        using var database = new TempOutboxDatabase();
        using (var other = await TestLog.StartAsync(database, Protection, Time))
        {
            await other.RecordAsync(green.Target, Some.Record("0"));
            await Langfuse.WaitForRequestsAsync(green.PublicKey, 1);
            await other.MoveToBacklogAsync();
            await other.RecordAsync(green.Target, [.. Enumerable.Range(1, 4).Select(i => Some.Record($"green {i}"))]);
            await other.StopAsync();
        }

        await using (var file = new FileStream(Database.BacklogFiles.Single(), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            file.Write(TempOutboxDatabase.ReadJournalFile(database.BacklogFiles.Single()));
        using var log = await StartAsync();
        Mend(log);

        await Database.WaitForCountAsync("dead_letter", 4);
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 1)).Select(span => span.Name).Should().Equal("0");
    }

    private static string NameOf(string body) => RecordJson.Read(Encoding.UTF8.GetBytes(body)).Name;

    private static void Spoil(string path, string text)
    {
        var bytes = TempOutboxDatabase.ReadJournalFile(path);
        var place = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text));
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(place, SeekOrigin.Begin);
        file.WriteByte((byte)'?');
    }

    /// <summary>A log whose target takes nothing, and has one record waiting, of the name 0.</summary>
    private async Task<TestLog> ParkAsync(Action<CompletionLogOptions>? configure = null)
    {
        var log = await StartAsync(configure);
        await log.RecordAsync(Blue.Target, Some.Record("0"));
        await Time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        return log;
    }

    private void Mend(TestLog log, Func<FakeExport, FakeAnswer>? answer = null)
    {
        Langfuse.Answer = export => Task.FromResult(answer?.Invoke(export) ?? FakeAnswer.Ok);
        log.Operations.Hurry();
    }

    private Task RecordAsync(TestLog log, string owner, params string[] names) => RecordAsync(log, owner, () => Some.Record(), names);

    private Task RecordAsync(TestLog log, string owner, bool large, params string[] names) =>
        RecordAsync(log, owner, () => large ? Some.Record() with { Input = Some.Json($"\"{new string('x', 20_000)}\"") } : Some.Record(), names);

    /// <summary>Calls that end at the same moment.</summary>
    private async Task RecordAsync(TestLog log, string owner, Func<CompletionRecord> make, string[] names)
    {
        var entries = Prepare(log, owner, make, names);
        await log.CommitAsync(entries);
        foreach (var entry in entries) log.Log.Committed(entry);
    }

    private OutboxEntry[] Prepare(TestLog log, string owner, Func<CompletionRecord> make, string[] names) =>
        [.. names.Select(name => log.Log.Prepare(make() with { Name = name }, [new LogRoute(Blue.Target)], owner, LimitPolicy.DropOldest))];

    private Task<TestLog> StartAsync(Action<CompletionLogOptions>? configure = null) => TestLog.StartAsync(Database, Protection, Time, configure);
}
