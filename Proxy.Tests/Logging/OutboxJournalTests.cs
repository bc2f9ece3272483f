using System.Data.Common;
using System.Text;
using Dapper;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;
using Proxy.Tests.Gateway;

namespace Proxy.Tests.Logging;

/// <summary>The files in front of the table, which only SQLite has.</summary>
internal sealed class OutboxJournalTests : OutboxFixture
{
    private FakeProject _green = null!;

    [SetUp]
    public void AddGreen() => _green = Langfuse.AddProject("green");

    [Test]
    public async Task What_is_taken_at_once_never_comes_into_the_table_and_its_files_are_for_their_owner()
    {
        using var log = await StartAsync();

        await log.RecordAsync(Blue.Target, Some.Record("first"), Some.Record("second"));

        await Langfuse.WaitForSpansAsync(Blue.PublicKey, 2);
        await Database.WaitForCountAsync("outbox", 0);
        (await Database.LastRowIdAsync()).Should().Be(0, "no row was ever inserted");
        if (!OperatingSystem.IsWindows())
            Database.JournalFiles.Select(File.GetUnixFileMode).Should().NotBeEmpty().And.AllBeEquivalentTo(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await log.StopAsync();
    }

    [Test]
    public async Task After_a_crash_what_was_not_taken_is_sent_and_what_was_is_not([Values] bool isFlushed)
    {
        using var database = new TempOutboxDatabase { IsFlushed = isFlushed };
        using (var crashed = await StartAsync(database))
        {
            await crashed.RecordAsync(Blue.Target, Some.Record("taken"), Some.Record("taken"));
            await Langfuse.WaitForSpansAsync(Blue.PublicKey, 2);
            await database.WaitForCountAsync("outbox", 0);
            await crashed.CommitAsync(crashed.Log.Prepare(Some.Record("left"), [Blue.Target, _green.Target]), crashed.Log.Prepare(Some.Record("left too"), [Blue.Target]));
        }

        using var log = await StartAsync(database);

        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 4)).Select(span => span.Name).Should().Equal("taken", "taken", "left", "left too");
        (await Langfuse.WaitForSpansAsync(_green.PublicKey, 1)).Select(span => span.Name).Should().Equal("left");
        await database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
    }

    [Test]
    public async Task What_was_rolled_back_is_never_sent_and_written_over([Values] bool isFlushedBefore)
    {
        using (var crashed = await StartAsync())
        {
            await crashed.CommitAsync(crashed.Log.Prepare(Some.Record("kept"), [Blue.Target]));
            var undone = crashed.Log.Prepare(Some.Record("rolled back"), [Blue.Target]);
            await crashed.RollBackAsync(isFlushedBefore, undone);
            await crashed.CommitAsync(crashed.Log.Prepare(Some.Record("kept too"), [Blue.Target]));
            crashed.Get<OutboxJournal>().CountByTarget().Values.Sum(target => target.Count).Should().Be(2);
        }

        using var log = await StartAsync();

        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 2)).Select(span => span.Name).Should().Equal("kept", "kept too");
        await Database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
    }

    [Test]
    public async Task A_machine_that_went_down_costs_what_was_not_on_its_disk_and_says_so()
    {
        using (var crashed = await StartAsync())
        {
            await crashed.CommitAsync(crashed.Log.Prepare(Some.Record("on the disk"), [Blue.Target]));
            await crashed.CommitAsync(crashed.Log.Prepare(Some.Record("not on the disk"), [Blue.Target]));
        }

        await using (var file = new FileStream(Database.JournalFiles.Single(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
        {
            file.Seek(-20, SeekOrigin.End);
            file.Write(new byte[20]);
        }

        using var log = await StartAsync();

        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 1)).Single().Name.Should().Be("on the disk");
        log.Lines.Should().ContainSingle(line => line.Level == LogLevel.Error).Which.Text.Should().Contain("cannot be read");
        await Database.WaitForCountAsync("outbox", 0);
    }

    [Test]
    public void A_file_is_read_to_its_last_sound_frame_wherever_it_is_cut_and_whatever_is_in_it()
    {
        using var file = new MemoryStream();
        var output = new PooledBuffer(1024);
        var ends = new List<long>();
        foreach (var (id, owner, body) in (ReadOnlySpan<(long, string?, string)>)[(1, "team-ü", "first"), (2, null, ""), (3, "", "third")])
        {
            output.Truncate(0);
            var bytes = Encoding.UTF8.GetBytes(body);
            JournalFrame.WriteRecord(output, number: 7, id, 1_700_000_000_000 + id, "target", owner, bytes);
            file.Write(output.Written.Span);
            file.Write(bytes);
            ends.Add(file.Length);
        }

        output.Truncate(0);
        JournalFrame.WriteLeft(output, number: 7, [2]);
        file.Write(output.Written.Span);
        var whole = file.ToArray();

        for (var length = 0; length <= whole.Length; length++)
        {
            var reading = new JournalReading();
            var lost = reading.Read(number: 7, whole.AsMemory(0, length), committed: whole.Length);
            long[] expected = [.. Enumerable.Range(0, 3).Where(i => ends[i] <= length && (i != 1 || length < whole.Length)).Select(i => i + 1L)];
            reading.Waiting.Select(row => row.Record.Id).Should().Equal(expected);
            lost.Should().Be(whole.Length - (length == whole.Length ? length : ends.Where(end => end <= length).DefaultIfEmpty(0).Max()));

            if (length == whole.Length) continue;
            byte[] spoilt = [.. whole];
            spoilt[length] ^= 0x40;
            var other = new JournalReading();
            other.Read(number: 7, spoilt, committed: null).Should().BePositive("byte {0} is in a frame with a hash", length);
        }

        var all = new JournalReading();
        all.Read(number: 7, whole, committed: null).Should().Be(0);
        all.Waiting.Select(row => (row.Record.Id, row.Record.Owner, row.Record.TargetId, row.Record.CreatedAt, Encoding.UTF8.GetString(row.Body.Span)))
            .Should().Equal((1, "team-ü", "target", 1_700_000_000_001, "first"), (3, "", "target", 1_700_000_000_003, "third"));
    }

    [Test]
    public async Task What_waits_moves_into_the_backlog_what_follows_goes_there_and_once_it_is_taken_the_journal_is_used_again()
    {
        var (isHeld, held) = (true, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Langfuse.Answer = async export =>
        {
            if (export.Project == Blue && isHeld) await held.Task;
            return FakeAnswer.Ok;
        };
        using var log = await StartAsync(time: Time);
        await log.RecordAsync(Blue.Target, Some.Record("held"));
        await Langfuse.WaitForRequestsAsync(Blue.PublicKey, 1);
        (await Database.LastRowIdAsync()).Should().Be(0);

        Time.Advance(TimeSpan.FromSeconds(11));
        await log.RecordAsync(_green.Target, Some.Record());
        Time.Advance(TimeSpan.FromSeconds(1));
        await log.RecordAsync(_green.Target, Some.Record());
        (await Database.CountBacklogAsync()).Should().Be(1, "the one that waits has moved");
        await log.RecordAsync(Blue.Target, Some.Record("follows"));
        (await Database.CountBacklogAsync()).Should().Be(2, "it went there at once");

        isHeld = false;
        held.SetResult();
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 2)).Select(span => span.Name).Should().Equal("held", "follows");
        await Database.WaitForCountAsync("outbox", 0);
        var last = await Database.LastRowIdAsync();
        await log.RecordAsync(Blue.Target, Some.Record("at once"));
        await Langfuse.WaitForSpansAsync(Blue.PublicKey, 3);
        (await Database.LastRowIdAsync()).Should().Be(last, "the target keeps up again");
        await log.StopAsync();
    }

    [Test]
    public async Task A_target_that_fails_has_its_records_in_the_backlog_not_in_memory_nor_in_the_journal()
    {
        Langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        using var log = await StartAsync(time: Time);

        await log.RecordAsync(Blue.Target, Some.Record("first"), Some.Record("second"));
        await Time.WaitForTimerAsync(TimeSpan.FromSeconds(60));

        (await Database.CountBacklogAsync()).Should().Be(2);
        log.Get<OutboxJournal>().Bytes.Should().Be(0);
        await log.StopAsync();
    }

    [Test]
    public async Task Files_are_removed_as_what_is_in_them_is_taken()
    {
        using var log = await StartAsync();
        var text = Some.Json($"\"{new string('x', 390_000)}\"");

        for (var record = 0; record < 120; record++)
        {
            await log.RecordAsync(Blue.Target, Some.Record() with { Input = text });
            if (record % 20 == 19) await Database.WaitForCountAsync("outbox", 0);
        }

        await Langfuse.WaitForSpansAsync(Blue.PublicKey, 120);
        Database.JournalFiles.Count.Should().BeLessThanOrEqualTo(5, "47 MB went through files of 4, of which two may be kept to be used again");
        (await Database.LastRowIdAsync()).Should().Be(0);
        await log.StopAsync();
        Database.JournalFiles.Should().BeEmpty("a program that has stopped leaves one database");
    }

    [Test]
    public async Task What_is_purged_is_in_no_file_any_more()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Langfuse.Answer = async _ =>
        {
            await held.Task;
            return FakeAnswer.Ok;
        };
        using var log = await StartAsync();
        var entry = Confidence(log);
        await log.CommitAsync(entry);
        log.Log.Committed(entry);
        await log.RecordAsync(_green.Target, Some.Record("another's"));
        Database.ReadJournal().Should().Contain("a confidence");

        (await log.Operations.PurgeOwnerAsync("red", CancellationToken.None)).Should().Be(1);

        Database.ReadJournal().Should().NotContain("a confidence");
        held.SetResult();
        (await Langfuse.WaitForSpansAsync(_green.PublicKey, 1)).Single().Name.Should().Be("another's");
        await log.StopAsync();
    }

    [Test]
    public async Task Dead_letters_that_are_sent_again_and_new_records_have_ids_of_their_own()
    {
        var isRefused = true;
        Langfuse.Answer = export => Task.FromResult(isRefused && export.Spans.Any(span => span.Name == "poison") ? new FakeAnswer(400, "no") : FakeAnswer.Ok);
        using var log = await StartAsync();
        await log.RecordAsync(Blue.Target, Some.Record("poison"));
        await log.RecordAsync(_green.Target, Some.Record("poison"));
        await Database.WaitForCountAsync("dead_letter", 2);
        isRefused = false;

        for (var round = 0; round < 3; round++) await log.RecordAsync(Blue.Target, Some.Record("new"));
        (await log.Operations.RetryAsync(null, null, also: null, CancellationToken.None)).Should().Be(2);
        for (var round = 0; round < 3; round++) await log.RecordAsync(Blue.Target, Some.Record("newer"));

        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 7)).Count(span => span.Name == "poison").Should().Be(1);
        (await Langfuse.WaitForSpansAsync(_green.PublicKey, 1)).Should().ContainSingle();
        await Database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
    }

    [Test]
    public async Task A_file_that_cannot_be_written_fails_the_commit_and_nothing_else()
    {
        var obstacle = Database.Journal!.Path + "-0000000001";
        Directory.CreateDirectory(obstacle);
        using var log = await StartAsync();

        var record = () => log.RecordAsync(Blue.Target, Some.Record("refused"));
        await record.Should().ThrowAsync<SqliteException>();
        Directory.Delete(obstacle);
        await log.CommitAsync(log.Log.Prepare(Some.Record("written"), [_green.Target]));

        log.Get<OutboxJournal>().CountByTarget().Values.Sum(target => target.Count).Should().Be(1);
        using var next = await StartAsync();
        (await Langfuse.WaitForSpansAsync(_green.PublicKey, 1)).Single().Name.Should().Be("written");
        Blue.Spans.Should().BeEmpty();
    }

    [Test]
    public async Task What_a_failed_write_had_collected_is_not_written_by_the_next_one([Values] bool isBurial)
    {
        using (var crashed = await StartAsync(time: Time))
        {
            var entry = Confidence(crashed);
            if (isBurial) await crashed.CommitAsync(entry);
            var failed = () => Database.WriteAsync(
                (connection, transaction) =>
                {
                    var journal = crashed.Get<OutboxJournal>();
                    journal.Begin(transaction);
                    if (isBurial) journal.MoveOne(entry.Parts[0].Id);
                    else entry.Write(connection, transaction);
                    throw new InvalidOperationException("It fails before anything is flushed.");
                },
                CancellationToken.None);
            await failed.Should().ThrowAsync<InvalidOperationException>();

            // A call that was withdrawn writes nothing and may still be the one that is asked to flush.
            var withdrawn = crashed.Log.Prepare(Some.Record(), [_green.Target]);
            await Database.WriteAsync((_, transaction) => withdrawn.Flush(transaction), CancellationToken.None);
        }

        using var log = await StartAsync(time: Time);
        if (isBurial) await Langfuse.WaitForSpansAsync(Blue.PublicKey, 1);
        await Database.WaitForCountAsync("outbox", 0);
        Blue.Spans.Should().HaveCount(isBurial ? 1 : 0);
    }

    [Test]
    public async Task Files_that_a_killed_run_could_not_remove_are_removed_at_the_next_start()
    {
        using (var killed = await StartAsync())
        {
            await killed.CommitAsync(Confidence(killed));
            await Database.WriteAsync(
                (_, transaction) =>
                {
                    var journal = killed.Get<OutboxJournal>();
                    journal.Begin(transaction);
                    journal.MoveAll();
                    journal.Flush(transaction);
                },
                CancellationToken.None);
            Database.ReadJournal().Should().Contain("a confidence");
        }

        using var log = await StartAsync();
        Database.ReadJournal().Should().NotContain("a confidence");
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 1)).Should().ContainSingle();
        await log.StopAsync();
        Database.JournalFiles.Should().BeEmpty();
    }

    [Test]
    public async Task What_was_rolled_back_is_in_no_file_after_a_purge()
    {
        using var log = await StartAsync();
        await log.RollBackAsync(isFlushed: true, Confidence(log));

        await log.Operations.PurgeOwnerAsync("red", CancellationToken.None);

        Database.ReadJournal().Should().NotContain("a confidence");
    }

    [Test]
    public async Task After_a_quiet_time_a_purge_a_stop_or_the_janitor_leaves_nothing_of_it_in_a_file([Values("purge", "stop", "janitor")] string what)
    {
        using var log = await StartAsync(time: Time);
        var entry = Confidence(log);
        await log.CommitAsync(entry);
        log.Log.Committed(entry);
        await Langfuse.WaitForSpansAsync(Blue.PublicKey, 1);
        await Database.WaitForCountAsync("outbox", 0);
        Time.Advance(TimeSpan.FromSeconds(6));

        if (what == "purge") await log.Operations.PurgeOwnerAsync("red", CancellationToken.None);
        else if (what == "stop") await log.StopAsync();
        else for (var look = 0; look < 2; look++) await log.Get<OutboxJanitor>().LookAsync(CancellationToken.None);

        Database.ReadJournal().Should().NotContain("a confidence");
    }

    [Test]
    public async Task A_file_that_cannot_be_read_any_more_costs_what_is_in_it_and_no_commit()
    {
        using var log = await StartAsync(time: Time);
        await log.CommitAsync(Confidence(log));
        Time.Advance(TimeSpan.FromSeconds(6));
        await log.CommitAsync(log.Log.Prepare(Some.Record(), [_green.Target]));
        await using (var file = new FileStream(Database.JournalFiles[0], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete)) file.SetLength(10);
        Time.Advance(TimeSpan.FromSeconds(6));

        for (var i = 0; i < 3; i++) await log.CommitAsync(log.Log.Prepare(Some.Record(), [_green.Target]));

        log.Lines.Should().ContainSingle(line => line.Level == LogLevel.Error).Which.Text.Should().Contain("cannot be read");
        (await Database.CountAsync("outbox")).Should().Be(5);
        (await Database.BodiesAsync()).Should().Equal([""]);
        using var next = await StartAsync(time: Time);
        await Database.WaitForCountAsync("dead_letter", 1);
    }

    [Test]
    public async Task A_file_that_cannot_be_deleted_fails_no_commit()
    {
        using var log = await StartAsync(time: Time);
        var entry = Confidence(log);
        await log.CommitAsync(entry);
        Time.Advance(TimeSpan.FromSeconds(6));
        await log.CommitAsync(log.Log.Prepare(Some.Record(), [_green.Target]));
        var path = Database.JournalFiles[0];
        File.Delete(path);
        Directory.CreateDirectory(Path.Combine(path, "not empty"));

        await log.Get<OutboxStore>().DeleteAsync(entry.Parts[0].Target.Id, [entry.Parts[0].Id], CancellationToken.None);
        for (var i = 0; i < 3; i++) await log.CommitAsync(log.Log.Prepare(Some.Record(), [_green.Target]));

        await log.Get<OutboxJournal>().Deleting;
        Directory.Delete(path, recursive: true);
        log.Lines.Should().ContainSingle(line => line.Text.Contains("cannot be deleted"));
        (await Database.CountAsync("outbox")).Should().Be(4);
    }

    /// <summary>Whatever is done in whatever order, and fails wherever it fails: a row is in the journal, in a chunk or in the table, once, and no other is.</summary>
    [Test]
    public async Task Journal_and_backlog_hold_what_was_committed([Range(1, 24)] int seed)
    {
        var random = new Random(seed);

        // Half of the runs fill files so fast that most of them are used again.
        var isFast = seed % 2 == 0;
        if (isFast) Database.JournalFileBytes = 300;
        using var faults = new CapturedLog();
        using var loggers = new LoggerFactory([faults]);
        var targets = new OutboxTargets(Protection);
        OutboxTarget[] all = [targets.Get(Blue.Target), targets.Get(_green.Target)];
        var rows = new Dictionary<long, (string Body, string TargetId)>();
        OutboxJournal journal = null!;
        OutboxWriter writer = null!;
        var (written, chunks) = (0, 0L);
        await RestartAsync();
        for (var step = 0; step < 250; step++)
        {
            if (random.Next(30) == 0)
            {
                await RestartAsync();
                var there = await Database.BodiesByIdAsync();
                there.Values.Order(StringComparer.Ordinal).Should().Equal(rows.Values.Select(row => row.Body).Order(StringComparer.Ordinal), "after step {0}", step);

                // A crash gives new ids to what was in the journal; bodies are all different.
                var targetOf = rows.Values.ToDictionary(row => row.Body, row => row.TargetId);
                rows = there.ToDictionary(row => row.Key, row => (row.Value, targetOf[row.Value]));
                continue;
            }

            Time.Advance(TimeSpan.FromSeconds(random.Next(4)) / (isFast ? 8 : 1));
            if (random.Next(4) == 0) journal.Admit(all[random.Next(2)].Id);
            var (came, left) = (new List<(OutboxEntry Entry, string Body)>(), new HashSet<long>());
            var failsAt = random.Next(5);
            try
            {
                await Database.WriteAsync(
                    (connection, transaction) =>
                    {
                        for (var work = random.Next(1, 5); work > 0; work--) Work(connection, transaction, came, left);
                        if (failsAt == 1) throw new InvalidOperationException("before the flush");
                        journal.Flush(transaction);
                        if (failsAt == 2) throw new InvalidOperationException("after the flush");
                    },
                    CancellationToken.None);
                foreach (var (entry, body) in came) rows.Add(entry.Parts[0].Id, (body, entry.Parts[0].Target.Id));
                foreach (var id in left) rows.Remove(id);
            }
            catch (InvalidOperationException)
            {
                // None of it is there.
            }

            if (random.Next(3) == 0) await Database.WriteAsync((_, transaction) => journal.Flush(transaction), CancellationToken.None);
            journal.Backlog.DeleteAtOnce();
            await LookAsync();
            (journal.CountByTarget().Sum(target => target.Value.Count) + await Database.CountBacklogAsync()).Should().Be(rows.Count, "after step {0}", step);
            (await Database.BodiesByIdAsync()).Should().BeSubsetOf(rows.Select(row => KeyValuePair.Create(row.Key, row.Value.Body)), "after step {0}", step);
            chunks += await Database.CountChunksAsync();
            await journal.Deleting;
            ShouldHoldFramesOfTheirOwn();
            (await Database.BacklogFilesAsync()).There.Should().BeSubsetOf((await Database.BacklogFilesAsync()).Used, "after step {0} no other is there", step);
        }

        faults.Lines.Should().BeEmpty();
        chunks.Should().BePositive();

        async Task RestartAsync()
        {
            journal = new OutboxJournal(Database, Time, loggers.CreateLogger<OutboxJournal>());
            writer = new OutboxWriter(Database, journal);
            await LookAsync();
        }

        Task LookAsync() => Database.WriteAsync(
            (_, transaction) =>
            {
                journal.Begin(transaction);
                journal.Flush(transaction);
            },
            CancellationToken.None);

        void Work(DbConnection connection, DbTransaction transaction, List<(OutboxEntry Entry, string Body)> came, HashSet<long> left)
        {
            journal.Begin(transaction);
            var there = rows.Select(row => (Id: row.Key, row.Value.TargetId))
                .Concat(came.Select(row => (row.Entry.Parts[0].Id, TargetId: row.Entry.Parts[0].Target.Id)))
                .Where(row => row.Id > 0 && !left.Contains(row.Id)).ToList();
            var target = all[random.Next(2)];
            switch (random.Next(7) + (random.Next(12) == 0 ? 1 : 0))
            {
                case 0 or 1 or 2:
                    for (var count = random.Next(1, 7); count > 0; count--) came.Add(Add(connection, transaction, target));
                    if (random.Next(2) == 0) came[^1].Entry.Flush(transaction);
                    break;
                case 3:
                    var ids = there.Where(row => row.TargetId == target.Id && random.Next(3) == 0).Select(row => row.Id).ToList();
                    foreach (var id in journal.Backlog.Take(target.Id, journal.Take(ids), transaction))
                        connection.Execute("delete from outbox where id = @id", new { id }, transaction).Should().Be(1);
                    left.UnionWith(ids);
                    break;
                case 4:
                    journal.MoveTarget(target.Id);
                    break;
                case 5 when random.Next(3) == 0:
                    journal.MoveAll();
                    break;
                case 6 when there.Count > 0:
                    var moved = there[random.Next(there.Count)];
                    journal.MoveOne(moved.Id);
                    journal.Backlog.PutIntoTable(moved.TargetId, moved.Id, transaction);
                    connection.ExecuteScalar<long>("select count(*) from outbox where id = @Id", new { moved.Id }, transaction).Should().Be(1);
                    break;
                case 7:
                    var owner = written % 3 == 0 ? "red" : null;
                    if (journal.Backlog.RemoveOldest(target.Id, owner, transaction) is { } gone) left.UnionWith(Enumerable.Range(0, (int)gone.Rows).Select(i => gone.Id + i));
                    break;
            }
        }

        (OutboxEntry Entry, string Body) Add(DbConnection connection, DbTransaction transaction, OutboxTarget target)
        {
            var body = $"{written++} {new string('x', random.Next(50))}";
            var bytes = new PooledBuffer(body.Length);
            bytes.Write(Encoding.UTF8.GetBytes(body));
            var part = new OutboxPart(target, new(0, bytes.Count), Format: null, Rendered: default);
            var entry = new OutboxEntry(writer, default, written, owner: random.Next(3) == 0 ? "red" : null, bytes, [part], makesRoom: false);
            entry.Write(connection, transaction);
            return (entry, body);
        }
    }

    /// <summary>Wherever in a file one looks for a frame: what is sound is of this life of the file, so ids go up from file to file.</summary>
    private void ShouldHoldFramesOfTheirOwn()
    {
        long last = 0;
        foreach (var path in Database.JournalFiles)
        {
            var (number, bytes) = (TempOutboxDatabase.NumberOf(path), TempOutboxDatabase.ReadJournalFile(path));
            var ids = new List<long>();
            for (var offset = 0; offset < bytes.Length; offset++)
            {
                if (JournalFrame.Read(bytes.AsSpan(offset), number, left: null, out var record) > 0 && record is { } found) ids.Add(found.Id);
            }

            if (ids.Count == 0) continue;
            ids.Min().Should().BeGreaterThan(last);
            last = ids.Max();
        }
    }

    private OutboxEntry Confidence(TestLog log) => log.Log.Prepare(Some.Record() with { Input = Some.Json("\"a confidence\"") }, [new LogRoute(Blue.Target)], "red", policy: null);

    private Task<TestLog> StartAsync(TempOutboxDatabase? database = null, TimeProvider? time = null) => TestLog.StartAsync(database ?? Database, Protection, time);
}
