using System.Text;

namespace Proxy.Logging.Records;

/// <summary>Where records go: one project of one Langfuse, one bucket, one address. Two teams that name the same place share one target.</summary>
/// <remarks>The host is an absolute address; it may have a path, and, where an admin has named it, be in a private network.</remarks>
public sealed record LogTarget(Uri Host, string PublicKey, string SecretKey)
{
    /// <summary>Which kind of place it is; a folder of this assembly knows how to write to it.</summary>
    public string Kind { get; init; } = LogKinds.Langfuse;

    /// <summary>Settings that are no secret, as <c>name=value</c>, one a line, in the order of their names.</summary>
    public string Options { get; init; } = "";

    /// <summary>A proxy admin has named the host, so it may be in a private network.</summary>
    public bool IsTrusted { get; init; }

    /// <summary>What two targets have in common that are one place, however differently it is written to.</summary>
    public (string Kind, Uri Host, string PublicKey, string SecretKey, string? Path) Place => (Kind, Host, PublicKey, SecretKey, FindOption("path"));

    public string? FindOption(string name)
    {
        foreach (var line in Options.AsSpan().EnumerateLines())
        {
            if (line.Length > name.Length && line[name.Length] == '=' && line.StartsWith(name, StringComparison.Ordinal)) return line[(name.Length + 1)..].ToString();
        }

        return null;
    }

    public static string OptionsOf(IEnumerable<KeyValuePair<string, string>> options)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in options.OrderBy(option => option.Key, StringComparer.Ordinal))
            text.Append(name).Append('=').Append(value.ReplaceLineEndings(" ")).Append('\n');
        return text.ToString();
    }

    /// <summary>A record would print its fields; a secret is not for printing.</summary>
    public override string ToString() => $"{Kind} at {Host.Authority} ({PublicKey})";
}

/// <summary>The kinds of targets, by the names of their callbacks.</summary>
public static class LogKinds
{
    public const string Langfuse = "langfuse";
    public const string Webhook = "webhook";
    public const string JsonLines = "jsonl";
    public const string OpenTelemetry = "otel";
    public const string S3 = "s3";
    public const string GoogleStorage = "gcs_bucket";
}

/// <summary>A target of one call, and whether it may see what was said.</summary>
public readonly record struct LogRoute(LogTarget Target, bool IsRedacted = false);
