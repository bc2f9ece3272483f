using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Proxy.Logging.Http;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>What is known of each Langfuse: whether it takes spans, or only the batch of old.</summary>
internal sealed class LangfuseServers(LogHttp http)
{
    public const string TransportOption = "transport";

    private const string HealthPath = "/api/public/health";

    private readonly ConcurrentDictionary<string, BatchFormat> _known = new();

    /// <summary>What the target itself says, else what its server's version says, else spans.</summary>
    public async ValueTask<BatchFormat> FindAsync(LogTarget target, CancellationToken abort)
    {
        if (Forced(target) is { } forced) return forced;
        if (_known.TryGetValue(target.Host.AbsoluteUri, out var known)) return known;

        using var request = new HttpRequestMessage(HttpMethod.Get, target.Host.AbsoluteUri.TrimEnd('/') + HealthPath);
        var answer = await http.SendAsync(target, request, abort);
        if (!answer.IsSuccess || VersionOf(answer.Body) is not { } version) return OtlpFormat.Instance;

        return _known[target.Host.AbsoluteUri] = version >= new Version(3, 22) ? OtlpFormat.Instance : LegacyFormat.Instance;
    }

    /// <summary>The server has refused the way that we thought it takes: look again.</summary>
    /// <returns>Whether there is another way now.</returns>
    public async Task<bool> HasChangedAsync(LogTarget target, BatchFormat used, CancellationToken abort)
    {
        _known.TryRemove(target.Host.AbsoluteUri, out _);
        return await FindAsync(target, abort) != used;
    }

    private static BatchFormat? Forced(LogTarget target) => target.FindOption(TransportOption) switch
    {
        "otlp" => OtlpFormat.Instance,
        "legacy" => LegacyFormat.Instance,
        _ => null,
    };

    private static Version? VersionOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var health = JsonDocument.Parse(body);
            var parts = (health.RootElement.GetProperty("version").GetString() ?? "").TrimStart('v').Split('.', '-');
            return parts.Length >= 2
                && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
                ? new Version(major, minor)
                : null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
