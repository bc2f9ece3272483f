using System.IO.Compression;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Langfuse;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Tests.Logging;

internal sealed class RecordBatchTests
{
    private static readonly LogTarget Target = new(new Uri("http://langfuse.invalid"), "pk", "sk");

    private readonly CompletionRecord[] _records = [.. Enumerable.Range(0, 4).Select(number => Some.Record($"{number}"))];

    private static IEnumerable<BatchFormat> Formats => [LineFormat.Lines, LineFormat.Array, OtlpFormat.Instance, LegacyFormat.Instance];

    /// <summary>What was read from the outbox meanwhile must not be sent once more, and the rest must be as if it had never been there.</summary>
    [Test]
    public void What_is_taken_out_leaves_no_trace([ValueSource(nameof(Formats))] BatchFormat format, [Range(0, 4)] int count)
    {
        var batch = Filled(format, _records, firstId: 10);

        batch.RemoveUpTo(9 + count);
        batch.TryAdd(new(20, 1), "red", _records[0], Target);

        var rest = Filled(format, [.. _records[count..], _records[0]], firstId: 10 + count);
        batch.Rows.Select(row => row.Id).Should().Equal([.. Enumerable.Range(10 + count, 4 - count), 20]);
        batch.Records.Should().Equal(rest.Records);
        (batch.Bytes, Text(batch)).Should().Be((rest.Bytes, Text(rest)));
    }

    [Test]
    public void A_record_that_was_written_before_is_as_one_that_is_written_now([ValueSource(nameof(Formats))] BatchFormat format)
    {
        var batch = new RecordBatch(format);
        foreach (var record in _records)
        {
            var written = new PooledBuffer(16);
            format.Write(written, record, Target);
            batch.TryAdd(new(1, 1), owner: null, new(record.Id, record.EndedAt), written.Written.Span).Should().BeTrue();
        }

        Text(batch).Should().Be(Text(Filled(format, _records, firstId: 1)));
    }

    [Test]
    public void A_record_that_finds_no_room_leaves_no_trace([ValueSource(nameof(Formats))] BatchFormat format)
    {
        var batch = Filled(format, _records, firstId: 1);

        batch.TryAdd(new(5, 1), "green", new(Guid.NewGuid(), default), new byte[RecordBatch.MaxBytes]).Should().BeFalse();

        batch.Owners.Should().Equal("red");
        Text(batch).Should().Be(Text(Filled(format, _records, firstId: 1)));
    }

    [Test]
    public void What_is_compressed_says_the_same()
    {
        var (plain, compressed) = (Filled(LineFormat.Lines, _records, firstId: 1), Filled(LineFormat.Lines, _records, firstId: 1));

        compressed.Seal(isCompressed: true);

        using var text = new StreamReader(new GZipStream(new MemoryStream(compressed.Content.ToArray()), CompressionMode.Decompress));
        (compressed.IsCompressed, text.ReadToEnd()).Should().Be((true, Text(plain)));
    }

    private static RecordBatch Filled(BatchFormat format, IEnumerable<CompletionRecord> records, long firstId)
    {
        var batch = new RecordBatch(format);
        foreach (var record in records) batch.TryAdd(new(firstId++, 1), "red", record, Target).Should().BeTrue();
        return batch;
    }

    private static string Text(RecordBatch batch)
    {
        batch.Seal(isCompressed: false);
        return Encoding.UTF8.GetString(batch.Content.Span);
    }
}
