using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Proxy.Logging.Records;

/// <summary>Facts of one record, beside those that it shares with others. Values are JSON texts.</summary>
/// <param name="shared">Stand over facts of the record's own that have the same names.</param>
/// <param name="capacity">About how many the record has of its own.</param>
public sealed class FactDictionary(SharedFacts shared, int capacity) : IReadOnlyDictionary<string, string>
{
    internal SharedFacts Shared => shared;

    internal Dictionary<string, string> Own { get; } = new(capacity);

    public int Count => shared.All.Count + Own.Count;

    public IEnumerable<string> Keys => this.Select(static fact => fact.Key);

    public IEnumerable<string> Values => this.Select(static fact => fact.Value);

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no fact '{key}'.");

    /// <summary>Adds a fact, in place of one of the record's own that has this name.</summary>
    public void Set(string name, string value)
    {
        if (shared.Find(name) is null) Own[name] = value;
    }

    public void Remove(string name) => Own.Remove(name);

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        value = shared.Find(key);
        return value is not null || Own.TryGetValue(key, out value);
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => shared.All.Concat(Own).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Facts that many records have in common, such as those of a key and its team. Whoever writes them for each record makes bytes of them once.</summary>
/// <param name="facts">Values are JSON texts.</param>
public sealed class SharedFacts(IReadOnlyList<KeyValuePair<string, string>> facts)
{
    public static readonly SharedFacts None = new([]);

    // Replaced, never changed: two that write at the same time write the same.
    private (FactStyle Style, byte[] Bytes)[] _written = [];

    public IReadOnlyList<KeyValuePair<string, string>> All => facts;

    public string? Find(string name)
    {
        for (var i = 0; i < facts.Count; i++)
        {
            if (facts[i].Key == name) return facts[i].Value;
        }

        return null;
    }

    /// <summary>All of them, one behind the other.</summary>
    internal ReadOnlySpan<byte> In(FactStyle style)
    {
        foreach (var (known, bytes) in _written)
        {
            if (ReferenceEquals(known, style)) return bytes;
        }

        return Write(style);
    }

    private byte[] Write(FactStyle style)
    {
        var output = new PooledBuffer(capacity: 1024);
        foreach (var (name, value) in facts) style.Write(output, name, value);
        var bytes = output.Written.ToArray();
        output.Return();
        _written = [.. _written, (style, bytes)];
        return bytes;
    }
}

/// <summary>One way in which facts are written; there are a few, which live as long as the program.</summary>
/// <param name="write">Writes a fact, whatever stands before it.</param>
internal sealed class FactStyle(Action<PooledBuffer, string, string> write)
{
    public void Write(PooledBuffer output, string name, string value) => write(output, name, value);

    public void Write(PooledBuffer output, IReadOnlyDictionary<string, string> facts)
    {
        if (facts is FactDictionary mixed)
        {
            output.Write(mixed.Shared.In(this));
            facts = mixed.Own;
        }

        if (facts is Dictionary<string, string> usual)
        {
            // Without an enumerator on the heap.
            foreach (var (name, value) in usual) write(output, name, value);
            return;
        }

        foreach (var (name, value) in facts) write(output, name, value);
    }
}
