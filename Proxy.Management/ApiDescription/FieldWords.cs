using System.Collections.Frozen;

namespace Proxy.Management.ApiDescription;

/// <summary>What a field is, in one sentence, and a value of it. A name means the same wherever it stands.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="Example">JSON.</param>
public readonly record struct FieldWord(string Text, string Example);

/// <summary>The glossary of fields: <c>field-words.txt</c>, a line each.</summary>
public static class FieldWords
{
    private static readonly FrozenDictionary<string, FieldWord> Words = Read();

    /// <returns>Null when the glossary does not have it.</returns>
    public static FieldWord? Find(string name) => Words.TryGetValue(name, out var word) ? word : null;

    private static FrozenDictionary<string, FieldWord> Read()
    {
        using var stream = typeof(FieldWords).Assembly.GetManifestResourceStream("field-words.txt")!;
        using var reader = new StreamReader(stream);
        var words = new Dictionary<string, FieldWord>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#') continue;

            var parts = line.Split('|', 3, StringSplitOptions.TrimEntries);
            words.Add(parts[0], new FieldWord(parts[2], parts[1]));
        }

        return words.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
