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

    private readonly MemoryStream _compressed = new();
    private readonly ArrayBufferWriter<byte> _span = new(8 * 1024);
    private readonly List<long> _ids = [];
    private readonly GZipStream _gzip;
    private bool _isSealed;

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
        if (!_isSealed)
        {
            _gzip.Write("]}]}]}"u8);
            _gzip.Dispose();
            _isSealed = true;
        }

        return _compressed.GetBuffer().AsMemory(0, (int)_compressed.Length);
    }

    public void Dispose() => _gzip.Dispose();
}
