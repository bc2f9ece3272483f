using System.Text;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Tests.Logging;

/// <summary>Files of the journal that are used again. Here one record fills a file.</summary>
internal sealed class JournalSpareTests : OutboxFixture
{
    private const int FileBytes = 4000;
    private const int Little = 10;

    [SetUp]
    public void MakeFilesSmall() => Database.JournalFileBytes = FileBytes;

    [Test]
    public async Task A_file_of_which_all_was_taken_is_written_over()
    {
        using var log = await StartAsync();
        await FillAsync(log, "first");
        using var file = new StreamReader(new FileStream(Database.JournalFiles[0], FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Encoding.Latin1);

        for (var i = 0; i < 10; i++) await FillAsync(log, "later");
        await FillAsync(log, "the last but one");
        await FillAsync(log, "the last");

        file.ReadToEnd().Should().Contain("last").And.NotContain("first");
        Database.JournalFiles.Should().HaveCount(2);
    }

    [Test]
    public async Task Two_are_kept_and_none_that_is_large()
    {
        using var log = await StartAsync();
        OutboxEntry[] large = [.. Enumerable.Range(0, 90).Select(_ => Prepare(log, "large", 100_000))];
        await log.CommitAsync(large);
        OutboxEntry[] entries = [Prepare(log, "first"), Prepare(log, "second"), Prepare(log, "third")];
        foreach (var entry in entries) await log.CommitAsync(entry);

        await TakeAsync(log, [.. large, .. entries]);
        await LookAsync(log);

        Numbers().Should().Equal(2, 3, 5);
    }

    [Test]
    public async Task A_file_that_was_long_in_use_is_not_kept_nor_is_one_that_was_long_kept()
    {
        using var log = await StartAsync();
        await FillAsync(log, "first");
        Time.Advance(TimeSpan.FromSeconds(6));
        await FillAsync(log, "second");
        await LookAsync(log);
        Numbers().Should().Equal([3, 4], "the two before were begun long ago");

        Time.Advance(TimeSpan.FromSeconds(6));
        await LookAsync(log);

        Numbers().Should().Equal(4);
    }

    [Test]
    public async Task Where_commits_wait_for_the_disk_no_file_is_used_again()
    {
        using var database = new TempOutboxDatabase { JournalFileBytes = FileBytes, IsFlushed = true };
        using var log = await TestLog.StartAsync(database, Protection, Time);

        for (var i = 0; i < 5; i++) await FillAsync(log, "taken");
        await LookAsync(log);

        database.JournalFiles.Should().ContainSingle();
    }

    [Test]
    public async Task A_spare_that_is_gone_fails_no_commit()
    {
        using (var crashed = await StartAsync())
        {
            await FillAsync(crashed, "first");
            await LookAsync(crashed);
            File.Delete(Database.JournalFiles[0]);

            await FillAsync(crashed, "second");
            await crashed.CommitAsync(Prepare(crashed, "waits"));
            Numbers().Should().Equal(2, 3);
        }

        using var log = await StartAsync();
        await ShouldSendAsync("waits");
        log.Lines.Should().NotContain(line => line.Level == LogLevel.Error);
    }

    [Test]
    public async Task What_a_file_held_before_never_comes_back([Values] bool isClosed)
    {
        using (var crashed = await StartAsync())
        {
            await FillAsync(crashed, "of an earlier life", 3 * FileBytes);
            await FillAsync(crashed, "second");
            await crashed.CommitAsync(Prepare(crashed, "waits"));
            Database.ReadJournal().Should().Contain("of an earlier life");

            if (isClosed) await crashed.CommitAsync(Prepare(crashed, "waits too"));
            if (isClosed) Database.ReadJournal().Should().NotContain("of an earlier life", "nobody will write over it any more");
        }

        using var log = await StartAsync();
        await ShouldSendAsync(isClosed ? ["waits", "waits too"] : ["waits"]);
        log.Lines.Should().NotContain(line => line.Level == LogLevel.Error);
    }

    [Test]
    public async Task It_does_not_when_a_machine_goes_down_and_the_disk_has_it_instead_of_what_was_written_since()
    {
        using (var crashed = await StartAsync())
        {
            await FillAsync(crashed, "of an earlier life");
            var before = TempOutboxDatabase.ReadJournalFile(Database.JournalFiles[0]);
            await FillAsync(crashed, "second");
            await crashed.CommitAsync(Prepare(crashed, "lost", 2 * FileBytes));

            await using var file = new FileStream(Database.JournalFiles[^1], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            file.Length.Should().BeGreaterThan(before.Length);
            file.Write(before);
        }

        using var log = await StartAsync();
        await log.RecordAsync(Blue.Target, Some.Record("new"));
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, 1)).Single().Name.Should().Be("new");
        log.Lines.Should().ContainSingle(line => line.Level == LogLevel.Error).Which.Text.Should().Contain("cannot be read");
    }

    [Test]
    public async Task A_killed_run_leaves_no_spare_to_the_next([Values] bool isTakenOver)
    {
        using (var killed = await StartAsync())
        {
            await FillAsync(killed, "a confidence");
            await killed.CommitAsync(Prepare(killed, "waits"));
            if (isTakenOver) await killed.RollBackAsync(isFlushed: true, Prepare(killed, "never committed"));
            Numbers().Should().Equal(isTakenOver ? [2, 3] : [1, 2]);
        }

        using var log = await StartAsync();
        await ShouldSendAsync("waits");
        Database.ReadJournal().Should().NotContain("a confidence").And.NotContain("never committed");
    }

    [Test]
    public async Task Another_database_in_place_of_this_one_gets_nothing_of_a_spare()
    {
        using var log = await StartAsync();
        await FillAsync(log, "of a spare");
        await LookAsync(log);
        Numbers().Should().Equal(1, 2);

        await Database.WriteAsync(
            static (connection, transaction) => connection.Execute("update outbox_journal set first_segment = 1, segment = 1, length = 100", transaction: transaction),
            CancellationToken.None);
        await LookAsync(log);

        (await Database.CountBacklogAsync()).Should().Be(0);
        Database.ReadJournal().Should().NotContain("of a spare");
    }

    [Test]
    public async Task A_purge_and_a_stop_leave_nothing_of_what_was_taken_in_any_file([Values] bool isPurge)
    {
        using var log = await StartAsync();
        await FillAsync(log, "first confidence", 3 * FileBytes);
        await FillAsync(log, "second confidence");
        await LookAsync(log);
        await log.CommitAsync(Prepare(log, "third confidence", Little));
        Database.ReadJournal().Should().Contain("first confidence").And.Contain("second confidence").And.Contain("third confidence");

        if (isPurge) await log.Operations.PurgeOwnerAsync("red", CancellationToken.None);
        else await log.Get<OutboxShipper>().StopAsync(CancellationToken.None);

        Database.ReadJournal().Should().NotContain("confidence");
        if (!isPurge) Database.JournalFiles.Should().BeEmpty();
    }

    [Test]
    public async Task An_idle_gateway_keeps_no_spare_and_nothing_behind_the_end_of_a_file([Values] bool isWritten)
    {
        using var log = await StartAsync();
        await FillAsync(log, "first confidence", 3 * FileBytes);
        if (isWritten)
        {
            await FillAsync(log, "second confidence");
            await LookAsync(log);
        }
        else
        {
            await log.CommitAsync(Prepare(log, "waits"));
            await LookAsync(log);
            await log.RollBackAsync(isFlushed: true, Prepare(log, "rolled back"));
        }

        Database.ReadJournal().Should().Contain("first confidence").And.Contain(isWritten ? "second confidence" : "rolled back");

        Time.Advance(TimeSpan.FromSeconds(6));
        await log.Get<OutboxJanitor>().LookAsync(CancellationToken.None);

        Database.ReadJournal().Should().NotContain("confidence").And.NotContain("rolled back");
    }

    [Test]
    public async Task What_an_earlier_version_left_is_read()
    {
        using (var crashed = await StartAsync())
        {
            var taken = Prepare(crashed, "taken");
            await crashed.CommitAsync(taken, Prepare(crashed, "left"));
            await TakeAsync(crashed, taken);
            for (var number = 1; number <= 2; number++) WriteAsBefore(Database.JournalFiles[number - 1], number);
        }

        using var log = await StartAsync();
        await ShouldSendAsync("left");
        log.Lines.Should().NotContain(line => line.Level == LogLevel.Error);
    }

    [Test]
    public void A_frame_of_an_earlier_version_is_sound_as_the_first_of_a_file_and_one_of_another_file_never_is()
    {
        var before = Convert.FromHexString("23000000050000001A8152B21F4C8DEC0101000000000000000168E5CF8B01000006000000746172676574040000007465616D6669727374");
        var old = new JournalReading();
        old.Read(number: 7, before, committed: null).Should().Be(0);
        old.Waiting.Select(row => (row.Record.Id, row.Record.Owner, Encoding.UTF8.GetString(row.Body.Span))).Should().Equal((1, "team", "first"));

        var output = new PooledBuffer(1024);
        JournalFrame.WriteLeft(output, number: 7, [2]);
        var own = output.Written.ToArray();
        new JournalReading().Read(number: 8, own, committed: null).Should().Be(own.Length);
        new JournalReading().Read(number: 7, (byte[])[.. own, .. before], committed: null).Should().Be(before.Length);
        new JournalReading().Read(number: 7, (byte[])[.. before, .. own], committed: null).Should().Be(own.Length);
    }

    /// <summary>One file, all of which is taken.</summary>
    private async Task FillAsync(TestLog log, string text, int length = FileBytes)
    {
        var entry = Prepare(log, text, length);
        await log.CommitAsync(entry);
        await TakeAsync(log, entry);
    }

    private static async Task TakeAsync(TestLog log, params OutboxEntry[] entries) =>
        await log.Get<OutboxStore>().DeleteAsync(entries[0].Parts[0].Target.Id, [.. entries.Select(entry => entry.Parts[0].Id)], CancellationToken.None);

    private OutboxEntry Prepare(TestLog log, string text, int length = FileBytes) => log.Log.Prepare(
        Some.Record(text) with { Input = Some.Json($"\"{new string('x', length)} {text}\"") }, [new LogRoute(Blue.Target)], "red", policy: null);

    private static async Task LookAsync(TestLog log) => await log.Get<OutboxStore>().LookAfterJournalAsync(CancellationToken.None);

    private async Task ShouldSendAsync(params string[] texts)
    {
        (await Langfuse.WaitForSpansAsync(Blue.PublicKey, texts.Length)).Select(span => span.Name).Should().Equal(texts);
        await Database.WaitForCountAsync("outbox", 0);
        Blue.Spans.Should().HaveCount(texts.Length);
    }

    /// <summary>Gives the frames the hashes that they had before files were used again.</summary>
    private static void WriteAsBefore(string path, long number)
    {
        var bytes = TempOutboxDatabase.ReadJournalFile(path);
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        for (int start = 0, length; start < bytes.Length; start += length)
        {
            var (left, output) = (new HashSet<long>(), new PooledBuffer(1024));
            length = JournalFrame.Read(bytes.AsSpan(start), number, left, out var record);
            length.Should().BePositive();
            var body = bytes.AsSpan(start + length - (record?.Length ?? 0), record?.Length ?? 0);
            if (record is { } found) JournalFrame.WriteRecord(output, JournalFrame.NoNumber, found.Id, found.CreatedAt, found.TargetId, found.Owner, body);
            else JournalFrame.WriteLeft(output, JournalFrame.NoNumber, [.. left]);
            file.Write(output.Written.Span);
            file.Write(body);
        }
    }

    private IEnumerable<long> Numbers() => Database.JournalFiles.Select(TempOutboxDatabase.NumberOf);

    private Task<TestLog> StartAsync() => TestLog.StartAsync(Database, Protection, Time);
}
