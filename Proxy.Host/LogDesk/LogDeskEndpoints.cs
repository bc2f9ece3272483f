using System.Data.Common;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Proxy.Host.Configuration;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Management.Access;
using Proxy.Management.Auditing;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Host.LogDesk;

/// <summary>What admins see and do of the log: targets, dead letters, health.</summary>
internal static class LogDeskEndpoints
{
    private const int MostAtOnce = 1000;

    public static void MapLogDesk(this IEndpointRouteBuilder routes)
    {
        var logging = routes.MapAdminGroup("/logging");
        logging.MapLazily(HttpMethods.Get, "/targets", ListTargetsAsync);
        logging.MapLazily(HttpMethods.Get, "/dead-letters", ListDeadLettersAsync);
        logging.MapLazily(HttpMethods.Post, "/dead-letters/retry", RetryAsync);
        logging.MapLazily(HttpMethods.Post, "/dead-letters/purge", PurgeAsync);
        routes.MapAdminGroup("/health").MapLazily(HttpMethods.Get, "/logging", ShowHealthAsync);
        routes.MapCallbackDesk();
    }

    private static async Task<IResult> ListTargetsAsync(LogOperations log, CancellationToken cancellationToken) => TypedResults.Json(
        new TargetList(await log.ListTargetsAsync(cancellationToken)), LogDeskJson.Default.TargetList);

    private static async Task<IResult> ListDeadLettersAsync(LogOperations log, long? after, int? limit, CancellationToken cancellationToken) => TypedResults.Json(
        new DeadLetterList(await log.ListDeadLettersAsync(after ?? 0, Math.Clamp(limit ?? 100, 1, MostAtOnce), cancellationToken)), LogDeskJson.Default.DeadLetterList);

    private static async Task<IResult> RetryAsync(HttpContext context, LogOperations log, AuditTrail audit, CancellationToken cancellationToken)
    {
        var (choice, error) = await ReadAsync(context, cancellationToken);
        if (choice is null) return Refuse(error!);

        return TypedResults.Json(new Retried(await log.RetryAsync(choice.Id, choice.TargetId, choice.Note(audit, "retried"), cancellationToken)), LogDeskJson.Default.Retried);
    }

    /// <remarks>What is purged is gone, so "all" must be said.</remarks>
    private static async Task<IResult> PurgeAsync(HttpContext context, LogOperations log, AuditTrail audit, CancellationToken cancellationToken)
    {
        var (choice, error) = await ReadAsync(context, cancellationToken);
        if (choice is null) return Refuse(error!);
        if (choice is { Id: null, TargetId: null, All: not true })
            return Refuse(ProxyError.BadRequest("Say which dead letters: 'id', 'target_id', or 'all' as true.", "id"));

        return TypedResults.Json(new Purged(await log.PurgeAsync(choice.Id, choice.TargetId, choice.Note(audit, "purged"), cancellationToken)), LogDeskJson.Default.Purged);
    }

    /// <summary>A line for each target that needs somebody, and one for the disk.</summary>
    private static async Task<IResult> ShowHealthAsync(LogOperations log, CompletionLog completions, SettingsSource settings, CancellationToken cancellationToken)
    {
        var lines = (await log.ListTargetsAsync(cancellationToken))
            .Where(target => target.LastError is not null)
            .Select(target => $"The log target {target.Id[..12]} at {target.Host} is {target.State} ({target.LastError}) since {target.Since:u}; {target.Waiting} records wait.")
            .ToList();
        var limit = settings.Current.CompletionLog.MaxOutboxBytes;
        if (completions.Pressure != OutboxPressure.None) lines.Add($"The outbox holds {log.OutboxBytes} of at most {limit} bytes.");
        return TypedResults.Json(new LogHealth(lines.Count == 0 ? "healthy" : "degraded", log.OutboxBytes, limit, lines), LogDeskJson.Default.LogHealth);
    }

    private static async Task<(DeadLetterRequest? Choice, ProxyError? Error)> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return (null, malformed);

        var choice = new DeadLetterRequest(fields!.Count("id"), fields.Text("target_id"), fields.Flag("all"));
        return fields.Error is { } fault ? (null, fault) : (choice, null);
    }

    internal static Utf8ContentHttpResult Refuse(ProxyError error) => TypedResults.Text(ErrorWriter.Envelope(error).Span, "application/json", statusCode: error.Status);
}

internal sealed record TargetList(IReadOnlyList<TargetReport> Targets);

internal sealed record DeadLetterList(IReadOnlyList<DeadLetter> DeadLetters);

internal sealed record DeadLetterRequest(long? Id = null, string? TargetId = null, bool? All = null)
{
    /// <summary>What the audit holds of it.</summary>
    public Action<DbConnection, DbTransaction, int> Note(AuditTrail audit, string action) => audit.OfDeadLetters(
        action, Id?.ToString(CultureInfo.InvariantCulture) ?? TargetId ?? "*", new JsonObject { ["id"] = Id, ["target_id"] = TargetId });
}

internal sealed record Retried([property: JsonPropertyName("retried")] int Count);

internal sealed record Purged([property: JsonPropertyName("purged")] long Count);

internal sealed record LogHealth(string Status, long OutboxBytes, long MaxOutboxBytes, IReadOnlyList<string> Lines);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TargetList))]
[JsonSerializable(typeof(DeadLetterList))]
[JsonSerializable(typeof(Retried))]
[JsonSerializable(typeof(Purged))]
[JsonSerializable(typeof(LogHealth))]
internal sealed partial class LogDeskJson : JsonSerializerContext;
