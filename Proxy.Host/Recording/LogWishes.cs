using Proxy.Host.Requests;

namespace Proxy.Host.Recording;

/// <summary>What a client asks for in the headers of a call: more privacy, never less, and names for its trace.</summary>
internal sealed record LogWishes(bool Redacts, IReadOnlyList<string> DisabledCallbacks, IReadOnlyList<KeyValuePair<string, string>> TraceFields)
{
    public static readonly LogWishes None = new(false, [], []);

    private const string RedactionHeader = "x-litellm-enable-message-redaction";
    private const string DisableHeader = "x-litellm-disable-callbacks";
    private const int MaxTraceFields = 32;

    public static LogWishes Of(IHeaderDictionary headers)
    {
        var redacts = headers.TryGetValue(RedactionHeader, out var redaction) && IsWanted(redaction.ToString());
        var disabled = headers.TryGetValue(DisableHeader, out var names) ? LogPolicy.SplitOf(names.ToString()) : [];
        List<KeyValuePair<string, string>>? fields = null;
        foreach (var (name, value) in headers)
        {
            if (!name.StartsWith("langfuse", StringComparison.OrdinalIgnoreCase) || name.Length < 10 || name[8] is not ('_' or '-')) continue;
            if ((fields ??= []).Count < MaxTraceFields) fields.Add(new(name[9..].Replace('-', '_').ToLowerInvariant(), value.ToString()));
        }

        return redacts || disabled.Length > 0 || fields is not null ? new LogWishes(redacts, disabled, fields ?? []) : None;
    }

    /// <summary>What the headers say goes over what the body says.</summary>
    public void ApplyTo(RequestMetadata metadata)
    {
        foreach (var (name, value) in TraceFields) MetadataReader.Set(metadata, name, value);
    }

    /// <summary>Whoever names the header and does not refuse in it wants privacy.</summary>
    private static bool IsWanted(string value) => value.Trim().ToLowerInvariant() is not ("false" or "0" or "no" or "off");
}
