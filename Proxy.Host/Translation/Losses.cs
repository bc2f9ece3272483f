using System.Text.Json;
using Proxy.Management.Errors;

namespace Proxy.Host.Translation;

/// <summary>What of a call cannot be said in the provider's API.</summary>
/// <param name="drops">Whether the operator lets parameters be dropped; what is asked is never dropped.</param>
/// <param name="spoken">The provider's API in a sentence.</param>
internal sealed class Losses(bool drops, string spoken)
{
    private const int MaxNamed = 16;
    private const int MaxNameLength = 64;

    private readonly List<string> _dropped = [];

    /// <summary>Why the call cannot be carried over; null when it can.</summary>
    public ProxyError? Error { get; private set; }

    /// <summary>What the provider does not see, by name.</summary>
    public IReadOnlyList<string> Dropped => _dropped;

    /// <summary>A parameter that the provider's API does not have. True when it is dropped, false when the call is refused for it.</summary>
    public bool Parameter(string name)
    {
        if (drops)
        {
            Omit(name);
            return true;
        }

        Refuse($"'{Cut(name)}' cannot be carried over to {spoken}, which this model's provider speaks. Leave it out, or have the operator set DropUnsupportedParameters.", name);
        return false;
    }

    /// <summary>Part of what is asked, without which it would be another question.</summary>
    /// <remarks>Both may quote the client, who may write anything there.</remarks>
    public void Content(string path, string what) =>
        Refuse($"{Cut(what)} in '{Cut(path)}' cannot be carried over to {spoken}, which this model's provider speaks.", path);

    /// <summary>Something that is not in the form of the API that the client speaks.</summary>
    public void Invalid(string path, string expected) => Refuse($"'{Cut(path)}' must be {expected}.", path);

    /// <summary>Something that means nothing to the provider's API. It is named, since the provider does not see it.</summary>
    public void Omit(string name)
    {
        if (_dropped.Count < MaxNamed && !_dropped.Contains(name)) _dropped.Add(Cut(name));
    }

    /// <summary>Parts of an answer that the client's API has no word for. They are named, since the client does not see them.</summary>
    public void Unknown(JsonElement parts, params ReadOnlySpan<string> known)
    {
        foreach (var part in parts.Entries)
        {
            var type = part.Get("type"u8);
            if (type.Text is { } word && !known.Contains(word)) Omit($"answer.{word}");
        }
    }

    /// <summary>Fields of an object that are none of those known, but for empty ones.</summary>
    public void Rest(JsonElement element, string path, params ReadOnlySpan<string> known)
    {
        foreach (var property in element.EnumerateObject())
        {
            var isKnown = false;
            foreach (var name in known) isKnown |= property.NameEquals(name);
            if (!isKnown && !property.Value.IsEmpty) Parameter($"{path}.{property.Name}");
        }
    }

    public void Refuse(string message, string param) => Error ??= ProxyError.BadRequest(message, Cut(param));

    private static string Cut(string name) => name.Length > MaxNameLength ? name[..MaxNameLength] + "…" : name;
}
