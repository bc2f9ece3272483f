using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Proxy.Tests.Logging;

/// <summary>A Langfuse that does everything wrong that one can, by a fixed seed, until it is told to be sound. It keeps ids only.</summary>
internal sealed partial class ScriptedLangfuse : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Random _random;
    private readonly Lock _lock = new();

    private ScriptedLangfuse(WebApplication app, int projects, int seed)
    {
        _app = app;
        _random = new Random(seed);
        Projects = [.. Enumerable.Range(0, projects).Select(i => new ScriptedProject($"pk-lf-{i}", $"sk-lf-{i}", IsLegacy: i == projects - 1, IsUntrusted: i == projects - 2))];
    }

    public IReadOnlyList<ScriptedProject> Projects { get; }

    public Uri Address => new(_app.Urls.First(url => url.StartsWith("http:", StringComparison.Ordinal)));

    public required string CertificatePem { get; init; }

    /// <summary>The same server, by a certificate that nobody has signed.</summary>
    public Uri UntrustedAddress => new(_app.Urls.First(url => url.StartsWith("https:", StringComparison.Ordinal)));

    public volatile bool IsSound;

    /// <summary>What was done how often.</summary>
    public ConcurrentDictionary<string, int> Tally { get; } = new();

    public static async Task<ScriptedLangfuse> StartAsync(int projects, int seed)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var certificate = TestCertificates.SelfSigned();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate));
        });
        var langfuse = new ScriptedLangfuse(builder.Build(), projects, seed) { CertificatePem = certificate.ExportCertificatePem() };
        langfuse._app.MapPost("/api/public/otel/v1/traces", context => langfuse.AnswerAsync(context, isLegacy: false));
        langfuse._app.MapPost("/api/public/ingestion", context => langfuse.AnswerAsync(context, isLegacy: true));
        await langfuse._app.StartAsync();
        return langfuse;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context, bool isLegacy)
    {
        var pair = Encoding.UTF8.GetString(Convert.FromBase64String(AuthenticationHeaderValue.Parse(context.Request.Headers.Authorization!).Parameter!)).Split(':');
        var project = Projects.Single(known => known.PublicKey == pair[0] && known.SecretKey == pair[1]);
        var events = await ReadAsync(context.Request, isLegacy);
        var dice = IsSound ? 100 : Roll();
        switch (dice)
        {
            case < 5: await SayAsync(context, "500", 500); break;
            case < 8: context.Response.Headers.RetryAfter = "1"; await SayAsync(context, "429", 429); break;
            case < 11: Count("hang"); await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); break;
            case < 15: project.Keep(events); Count("stored, then reset"); context.Abort(); break;
            case < 18: Count("reset"); context.Abort(); break;
            case < 22 when events.Count > 1: await SayAsync(context, "413", 413); break;
            case < 23: project.Keep(events); await SayAsync(context, "stored, then 502", 502); break;
            case 99 when !IsSound: await SayAsync(context, "401", 401); break;
            case < 25 when isLegacy: await AnswerPartlyAsync(context, project, events); break;
            default:
                project.Keep(events);
                if (isLegacy) await LegacyAsync(context, events, []);
                else await context.Response.WriteAsync("{}");
                break;
        }
    }

    /// <summary>One event of the batch fails, which only the body says.</summary>
    private async Task AnswerPartlyAsync(HttpContext context, ScriptedProject project, List<ScriptedEvent> events)
    {
        Count("207 with single refusals");
        project.Keep(events[1..]);
        await LegacyAsync(context, events[1..], events[..1]);
    }

    private static async Task LegacyAsync(
        HttpContext context, List<ScriptedEvent> taken, List<ScriptedEvent> failed)
    {
        context.Response.StatusCode = StatusCodes.Status207MultiStatus;
        await context.Response.WriteAsJsonAsync(new
        {
            successes = taken.Select(item => new { id = item.EventId, status = 201 }).Concat(taken.Select(item => new { id = item.EventId.Replace("generation", "trace"), status = 201 })),
            errors = failed.Select(item => new { id = item.EventId, status = 500, message = "upload failed" }),
        });
    }

    private async Task SayAsync(HttpContext context, string what, int status)
    {
        Count(what);
        context.Response.StatusCode = status;
        await context.Response.WriteAsync("<html>Something went wrong.</html>");
    }

    private static async Task<List<ScriptedEvent>> ReadAsync(HttpRequest request, bool isLegacy)
    {
        using var bytes = new MemoryStream();
        if (isLegacy) await request.Body.CopyToAsync(bytes);
        else
        {
            await using var plain = request.Headers.ContentEncoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress) : request.Body;
            await plain.CopyToAsync(bytes);
        }

        var content = OtlpReader.Read(bytes.ToArray(), request.ContentType);
        var events = isLegacy
            ? content.GetProperty("batch").EnumerateArray().Where(item => item.GetProperty("type").GetString() == "generation-create")
                .Select(item => Event(item.GetProperty("id"), item.GetProperty("body").GetProperty("traceId"), item))
            : content.GetProperty("resourceSpans").EnumerateArray().SelectMany(resource => resource.GetProperty("scopeSpans").EnumerateArray())
                .SelectMany(scope => scope.GetProperty("spans").EnumerateArray())
                .Select(span => Event(span.GetProperty("spanId"), span.GetProperty("traceId"), span));
        return [.. events];

        static ScriptedEvent Event(JsonElement eventId, JsonElement id, JsonElement item)
        {
            var text = item.GetRawText();
            return new(eventId.GetString()!, id.GetString()!, string.GetHashCode(text, StringComparison.Ordinal), string.Join(" and ", WhatWasSaid().Matches(text).Select(said => said.Value).Distinct()));
        }
    }

    [GeneratedRegex(@"call \d+ of team \d+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex WhatWasSaid();

    private int Roll()
    {
        lock (_lock) return _random.Next(100);
    }

    private void Count(string what) => Tally.AddOrUpdate(what, 1, static (_, count) => count + 1);
}

/// <summary>What came in of a call.</summary>
/// <param name="EventId">The event's.</param>
/// <param name="Id">The call's.</param>
/// <param name="Hash">Of the whole: what comes again must be the same.</param>
/// <param name="Said">Which calls its texts say that they are of.</param>
internal sealed record ScriptedEvent(string EventId, string Id, int Hash, string Said);

/// <summary>The calls that a project has, each with what it was when it first came.</summary>
internal sealed record ScriptedProject(string PublicKey, string SecretKey, bool IsLegacy, bool IsUntrusted)
{
    private readonly ConcurrentDictionary<string, ScriptedEvent> _calls = new();
    private int _changed;

    public IReadOnlyCollection<string> Ids => (IReadOnlyCollection<string>)_calls.Keys;

    /// <summary>Ids that came again with another content: a reader would see two.</summary>
    public int ChangedIds => _changed;

    /// <summary>Which calls the texts of this one say that they are of.</summary>
    public string SaidBy(string id) => _calls[id].Said;

    public void Keep(List<ScriptedEvent> events)
    {
        foreach (var call in events)
        {
            if (_calls.GetOrAdd(call.Id, call).Hash != call.Hash) Interlocked.Increment(ref _changed);
        }
    }
}
