using System.Buffers;

namespace Proxy.Host.Answers;

/// <summary>A growing piece of a JSON string, kept with its escapes as the provider wrote them, so that pieces join without being read.</summary>
/// <remarks>All texts of an answer share its limit. One that stops growing says so; what arrived is still counted.</remarks>
internal sealed class Utf8Text(AnswerDigest digest) : IDisposable
{
    private byte[] _buffer = [];
    private int _length;

    /// <summary>Bytes that arrived, kept or not.</summary>
    public long Total { get; private set; }

    public bool IsEmpty => Total == 0;

    /// <summary>True when more arrived than was kept.</summary>
    public bool IsCut { get; private set; }

    public ReadOnlySpan<byte> Kept => _buffer.AsSpan(0, _length);

    public void Append(ReadOnlySpan<byte> piece)
    {
        Total += piece.Length;
        IsCut = IsCut || !digest.TryKeep(piece.Length);
        if (IsCut) return;

        if (_length + piece.Length > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(256, Math.Min(AnswerDigest.MaxKeptBytes, (_length + piece.Length) * 2)));
            Kept.CopyTo(larger);
            Return();
            _buffer = larger;
        }

        piece.CopyTo(_buffer.AsSpan(_length));
        _length += piece.Length;
    }

    public void Dispose()
    {
        Return();
        _buffer = [];
        _length = 0;
    }

    private void Return()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
    }
}
