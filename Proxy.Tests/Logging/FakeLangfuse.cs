using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>A Langfuse with several projects on a loopback port. It takes OTLP as version 4 does, or answers what a test tells it to.</summary>
internal sealed class FakeLangfuse : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FakeProject> _projects = [];
    private readonly List<string> _faults = [];
    private TaskCompletionSource _change = NewSource();

    private FakeLangfuse(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>Every connection that an export came on.</summary>
    public ConcurrentDictionary<string, bool> Connections { get; } = new();

    /// <summary>What the health endpoint says; it decides how records are sent.</summary>
    public string Version { get; set; } = "4.16.0";

    /// <summary>What a server of old answers to one event: 201, or a refusal. By default it takes everything.</summary>
    public Func<JsonElement, int> EventAnswer { get; set; } = static _ => 201;

    /// <summary>What to answer to an export that is in order; the spans are kept when it is a success. The default takes everything.</summary>
    public Func<FakeExport, Task<FakeAnswer>> Answer { get; set; } = static _ => Task.FromResult(FakeAnswer.Ok);

    /// <summary>Off for a server that refuses that form, and takes JSON.</summary>
    public bool TakesProtobuf { get; set; } = true;

    /// <summary>Exports whose shape a real Langfuse would not take, in words.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_lock) return [.. _faults];
        }
    }

    /// <param name="port">0 for any that is free.</param>
    public static async Task<FakeLangfuse> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var langfuse = new FakeLangfuse(builder.Build());
        langfuse._app.MapGet("/api/public/health", () => Results.Json(new { status = "OK", version = langfuse.Version }));
        langfuse._app.MapGet("/api/public/projects", langfuse.ListProjects);
        langfuse._app.MapPost("/api/public/otel/v1/traces", langfuse.TakeAsync);
        langfuse._app.MapPost("/api/public/ingestion", langfuse.IngestAsync);
        await langfuse._app.StartAsync();
        langfuse.Address = new(langfuse._app.Urls.Single());
        return langfuse;
    }

    public FakeProject AddProject(string name, string? secretKey = null)
    {
        var project = new FakeProject(name, new LogTarget(Address, $"pk-lf-{name}", secretKey ?? $"sk-lf-{name}-{Guid.NewGuid():N}") { IsTrusted = true });
        lock (_lock) _projects.Add(project.PublicKey, project);
        return project;
    }

    /// <summary>Waits until a project has so many different spans, and gives all it has.</summary>
    public async Task<IReadOnlyList<FakeSpan>> WaitForSpansAsync(string publicKey, int count)
    {
        await WaitUntilAsync(() => _projects[publicKey].Spans.Count >= count, $"{count} spans in {publicKey}");
        lock (_lock) return [.. _projects[publicKey].Spans];
    }

    /// <summary>Waits until a project has so many events of the old kind, repeated ones included.</summary>
    public Task WaitForEventsAsync(string publicKey, int count) =>
        WaitUntilAsync(() => _projects[publicKey].Events.Count >= count, $"{count} events in {publicKey}");

    /// <summary>Waits until a project has been called so many times, whatever came of it.</summary>
    public Task WaitForRequestsAsync(string publicKey, int count) =>
        WaitUntilAsync(() => _projects[publicKey].Requests >= count, $"{count} requests to {publicKey}");

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task WaitUntilAsync(Func<bool> isTrue, string what)
    {
        using var limit = new CancellationTokenSource(WaitLimit);
        while (true)
        {
            Task change;
            lock (_lock)
            {
                if (isTrue()) return;
                change = _change.Task;
            }

            await change.WaitAsync(limit.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            if (limit.IsCancellationRequested) throw new TimeoutException($"Still no {what}. Faults: {string.Join("; ", Faults)}");
        }
    }

    private IResult ListProjects(HttpRequest request) => FindProject(request) is { } project
        ? Results.Json(new { data = new[] { new { id = project.PublicKey, name = project.Name, metadata = new { } } } })
        : Results.Json(new { message = "Invalid credentials." }, statusCode: StatusCodes.Status401Unauthorized);

    private async Task<IResult> TakeAsync(HttpRequest request)
    {
        Connections[request.HttpContext.Connection.Id] = true;

        // Spans are taken from 3.22 on.
        if (Version.StartsWith('2')) return Results.NotFound();

        var project = FindProject(request);
        if (project is null)
            return Results.Json(new { message = "Invalid credentials. Is the host correct?" }, statusCode: StatusCodes.Status401Unauthorized);

        if (!TakesProtobuf && request.ContentType == "application/x-protobuf")
        {
            Change(() => project.Requests++);
            return Results.Json(new { error = "Invalid content type" }, statusCode: StatusCodes.Status400BadRequest);
        }

        IReadOnlyList<FakeSpan> spans;
        try
        {
            spans = await ReadAsync(request);
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidDataException)
        {
            Change(() =>
            {
                project.Requests++;
                _faults.Add(exception.Message);
            });
            return Results.Json(new { error = exception.Message }, statusCode: StatusCodes.Status400BadRequest);
        }

        Change(() => project.Requests++);
        var answer = await Answer(new(project, spans, request.HttpContext.RequestAborted));
        if (answer.Status is >= 200 and < 300) Change(() => project.Keep(spans));
        if (answer.RetryAfter is { } wait) request.HttpContext.Response.Headers.RetryAfter = $"{wait.TotalSeconds:0}";
        return Results.Text(answer.Body, statusCode: answer.Status);
    }

    /// <summary>The batch of old. Without compression, and answered event by event.</summary>
    private async Task<IResult> IngestAsync(HttpRequest request)
    {
        if (FindProject(request) is not { } project) return Results.Json(new { error = "UnauthorizedError" }, statusCode: StatusCodes.Status401Unauthorized);
        if (request.Headers.ContentEncoding.Count > 0) return Results.Text("Invalid JSON", statusCode: StatusCodes.Status400BadRequest);

        using var document = await JsonDocument.ParseAsync(request.Body);
        var events = document.RootElement.GetProperty("batch").EnumerateArray().Select(item => item.Clone()).ToList();
        var isV4 = Version.StartsWith('4');
        var answers = events.Select(item => (Id: item.GetProperty("id").GetString()!, Status: isV4 ? 400 : EventAnswer(item), Event: item)).ToList();
        Change(() =>
        {
            project.Requests++;
            project.Events.AddRange(answers.Where(answer => answer.Status == 201).Select(answer => answer.Event));
        });
        return Results.Json(
            new
            {
                successes = answers.Where(answer => answer.Status == 201).Select(answer => new { id = answer.Id, status = 201 }).Reverse(),
                errors = answers.Where(answer => answer.Status != 201)
                    .Select(answer => new { id = answer.Id, status = answer.Status, message = isV4 ? "Event type not accepted" : "no", error = "[]" }),
            },
            statusCode: StatusCodes.Status207MultiStatus);
    }

    private static async Task<IReadOnlyList<FakeSpan>> ReadAsync(HttpRequest request)
    {
        if (request.ContentType is not ("application/json" or "application/x-protobuf")) throw new FormatException($"The content type is '{request.ContentType}'.");
        if (request.Headers["x-langfuse-ingestion-version"] != "4") throw new FormatException("The ingestion version is not 4.");
        if (request.Headers["x-langfuse-sdk-name"] != "proxy") throw new FormatException("The name of the SDK is missing.");

        await using var plain = request.Headers.ContentEncoding == "gzip"
            ? new GZipStream(request.Body, CompressionMode.Decompress)
            : request.Body;
        using var bytes = new MemoryStream();
        await plain.CopyToAsync(bytes);
        return FakeSpan.ReadAll(OtlpReader.Read(bytes.ToArray(), request.ContentType));
    }

    private FakeProject? FindProject(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header)) return null;
        if (header is not { Scheme: "Basic", Parameter: { } parameter }) return null;
        var pair = Encoding.UTF8.GetString(Convert.FromBase64String(parameter)).Split(':', 2);
        lock (_lock) return _projects.TryGetValue(pair[0], out var project) && project.Target.SecretKey == pair[1] ? project : null;
    }

    private void Change(Action change)
    {
        lock (_lock)
        {
            change();
            _change.SetResult();
            _change = NewSource();
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>One export as it came, before it is answered.</summary>
internal sealed record FakeExport(FakeProject Project, IReadOnlyList<FakeSpan> Spans, CancellationToken Aborted);

internal sealed record FakeAnswer(int Status, string Body = "{}", TimeSpan? RetryAfter = null)
{
    public static readonly FakeAnswer Ok = new(200);
}

/// <summary>A project with what was delivered to it.</summary>
internal sealed class FakeProject(string name, LogTarget target)
{
    private readonly Dictionary<string, int> _deliveries = [];
    private readonly List<FakeSpan> _spans = [];

    public string Name { get; } = name;

    public LogTarget Target { get; } = target;

    public string PublicKey => Target.PublicKey;

    /// <summary>Exports with good credentials, whatever was answered.</summary>
    public int Requests { get; set; }

    /// <summary>Events of the old kind that were taken.</summary>
    public List<JsonElement> Events { get; } = [];

    /// <summary>Off when only numbers matter, as under load.</summary>
    public bool KeepsSpans { get; set; } = true;

    /// <summary>Each span once, however often it came.</summary>
    public IReadOnlyList<FakeSpan> Spans => _spans;

    /// <summary>All spans that were taken, those that came again included.</summary>
    public long TotalDeliveries { get; private set; }

    public int DeliveriesOf(string spanId) => _deliveries.GetValueOrDefault(spanId);

    public void Keep(IReadOnlyList<FakeSpan> spans)
    {
        TotalDeliveries += spans.Count;
        if (!KeepsSpans) return;
        foreach (var span in spans)
        {
            if (_deliveries.TryAdd(span.SpanId, 1)) _spans.Add(span);
            else _deliveries[span.SpanId]++;
        }
    }
}
