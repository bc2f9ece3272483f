using System.Runtime.InteropServices;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>Frames that are collected for one write into one file. Bodies are not copied: they are written, or forgotten, before their entries are committed and give back their memory.</summary>
internal sealed class JournalFrames
{
    private readonly List<(int Head, ReadOnlyMemory<byte> Body)> _frames = [];
    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private readonly PooledBuffer _heads = new(4096);

    public long Bytes { get; private set; }

    /// <returns>The length of all but the body.</returns>
    public int AddRecord(long number, long id, long createdAt, string targetId, string? owner, ReadOnlyMemory<byte> body) =>
        Add(JournalFrame.WriteRecord(_heads, number, id, createdAt, targetId, owner, body.Span), body);

    public void AddLeft(long number, List<long> ids)
    {
        for (var rest = CollectionsMarshal.AsSpan(ids); !rest.IsEmpty; rest = rest[Math.Min(rest.Length, JournalFrame.MaxLeft)..])
            Add(JournalFrame.WriteLeft(_heads, number, rest[..Math.Min(rest.Length, JournalFrame.MaxLeft)]), body: default);
    }

    /// <summary>As they stand in the file, until <see cref="Clear"/>.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ToParts()
    {
        var start = 0;
        foreach (var (head, body) in _frames)
        {
            _parts.Add(_heads.Written.Slice(start, head));
            if (!body.IsEmpty) _parts.Add(body);
            start += head;
        }

        return _parts;
    }

    public void Clear()
    {
        _frames.Clear();
        _parts.Clear();
        _heads.Truncate(0);
        Bytes = 0;
    }

    private int Add(int head, ReadOnlyMemory<byte> body)
    {
        _frames.Add((head, body));
        Bytes += head + body.Length;
        return head;
    }
}
