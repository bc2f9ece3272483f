using System.Buffers;
using System.IO.Compression;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>One request in the making: spans go in, compressed bytes come out, which stay the same for every attempt.</summary>
internal sealed class OtlpBatch : IDisposable
{
    /// <summary>Langfuse Cloud documents 5 MB for a request; stay clear of it.</summary>
    private const int MaxBytes = 3_000_000;

    private static readonly byte[] Head = OtlpSpanWriter.WriteEnvelope();

    /// <summary>A request without a span, which Langfuse takes from whoever may send spans.</summary>
    public static readonly ReadOnlyMemory<byte> Nothing = CompressNothing();

    private readonly MemoryStream _compressed = new();
    private readonly List<long> _ids = [];
    private readonly GZipStream _gzip;

    // Null once the batch is sealed: it may then be kept for days while its target is down.
    private ArrayBufferWriter<byte>? _span = new(8 * 1024);

    public OtlpBatch()
    {
        _gzip = new(_compressed, CompressionLevel.Fastest, leaveOpen: true);
        _gzip.Write(Head);
        Bytes = Head.Length;
    }

    /// <summary>The rows of the outbox whose records are in the batch.</summary>
    public IReadOnlyList<long> Ids => _ids;

    /// <summary>The uncompressed size.</summary>
    public int Bytes { get; private set; }

    /// <returns>False when the record must wait for the next batch.</returns>
    public bool TryAdd(long id, CompletionRecord record)
    {
        ObjectDisposedException.ThrowIf(_span is null, this);
        _span.ResetWrittenCount();
        if (_ids.Count > 0) _span.Write(","u8);
        OtlpSpanWriter.Write(_span, record);
        if (_ids.Count > 0 && Bytes + _span.WrittenCount > MaxBytes) return false;

        _gzip.Write(_span.WrittenSpan);
        Bytes += _span.WrittenCount;
        _ids.Add(id);
        return true;
    }

    /// <summary>Ends the request; nothing can be added afterwards.</summary>
    public ReadOnlyMemory<byte> Seal()
    {
        if (_span is not null)
        {
            _gzip.Write("]}]}]}"u8);
            _gzip.Dispose();
            _span = null;
        }

        return _compressed.GetBuffer().AsMemory(0, (int)_compressed.Length);
    }

    public void Dispose() => _gzip.Dispose();

    private static byte[] CompressNothing()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest)) gzip.Write("""{"resourceSpans":[]}"""u8);
        return compressed.ToArray();
    }
}
