using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Proxy.Logging.Records;

/// <summary>Facts of one record, beside those that it shares with others. Values are JSON texts.</summary>
/// <remarks>A record has few of its own, some ten and at most 64 of the client: each is looked for from the first one on, since a table for each call takes three times the memory.</remarks>
/// <param name="shared">Stand over facts of the record's own that have the same names.</param>
/// <param name="capacity">About how many the record has of its own.</param>
public sealed class FactDictionary(SharedFacts shared, int capacity) : IReadOnlyDictionary<string, string>
{
    internal SharedFacts Shared => shared;

    internal List<KeyValuePair<string, string>> Own { get; } = new(capacity);

    public int Count => shared.All.Count + Own.Count;

    public IEnumerable<string> Keys => this.Select(static fact => fact.Key);

    public IEnumerable<string> Values => this.Select(static fact => fact.Value);

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no fact '{key}'.");

    /// <summary>Adds a fact, in place of one of the record's own that has this name.</summary>
    public void Set(string name, string value)
    {
        if (shared.Find(name) is not null) return;

        if (IndexOf(name) is >= 0 and var index) Own[index] = new(name, value);
        else Own.Add(new(name, value));
    }

    public void Remove(string name)
    {
        if (IndexOf(name) is >= 0 and var index) Own.RemoveAt(index);
    }

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        value = shared.Find(key);
        if (value is null && IndexOf(key) is >= 0 and var index) value = Own[index].Value;
        return value is not null;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => shared.All.Concat(Own).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int IndexOf(string name)
    {
        for (var i = 0; i < Own.Count; i++)
        {
            if (Own[i].Key == name) return i;
        }

        return -1;
    }
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
            foreach (var (name, value) in mixed.Own) write(output, name, value);
            return;
        }

        foreach (var (name, value) in facts) write(output, name, value);
    }
}
