using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Recording;
using Proxy.Management.Resources;
using Proxy.Management.Spend;

namespace Proxy.Host.Resources;

/// <summary>Brings back what a provider says of what it keeps: notes what was made, shows of lists only what is the caller's, and passes files on as they come.</summary>
internal sealed class ResourceRelay(ExchangeRecorder recorder, StreamRelay streams, FileRelay files, ResourceStore resources, TimeProvider time)
{
    private const int MaxJson = 16 * 1024 * 1024;

    public async Task RelayAsync(HttpResponseMessage answer, HttpContext context, Exchange exchange, ResourceCall call)
    {
        var attempt = exchange.Attempt!;
        await using var body = await AnswerEncoding.OpenAsync(answer, attempt.Timer.Token);
        var status = (int)answer.StatusCode;
        if (body is null) attempt.Fail(new AttemptFailure(FailureKind.Transient, ExchangeErrors.UnknownEncoding) { Status = status });
        else if (status is < 200 or >= 300) attempt.Fail(await RefusalReader.ReadAsync(answer, body, exchange, time.GetUtcNow()));
        else if (IsOf(answer, "text/event-stream")) await StreamAsync(answer, body, context, exchange);
        else if (IsOf(answer, "application/json") && !call.Path.Tail.EndsWith("/content", StringComparison.OrdinalIgnoreCase)) await AnswerAsync(answer, body, context, exchange, call);
        else await files.RelayAsync(answer, body, context, exchange);

        if (!exchange.IsCommitted && attempt.Failure is { } failure) exchange.GiveUp(attempt, failure);
    }

    private static bool IsOf(HttpResponseMessage answer, string type) => answer.Content.Headers.ContentType?.MediaType?.Equals(type, StringComparison.OrdinalIgnoreCase) == true;

    private Task StreamAsync(HttpResponseMessage answer, Stream body, HttpContext context, Exchange exchange)
    {
        exchange.Request!.IsStream = true;
        return streams.RelayAsync(answer, body, context, exchange);
    }

    private async Task AnswerAsync(HttpResponseMessage answer, Stream body, HttpContext context, Exchange exchange, ResourceCall call)
    {
        using var kept = new KeptBody(answer.Content.Headers.ContentLength);
        var attempt = exchange.Attempt!;
        while (await body.ReadAsync(kept.Free(), attempt.Timer.Token) is > 0 and var read)
        {
            attempt.Timer.Restart();
            attempt.FirstByteAt ??= time.GetUtcNow();
            kept.Advance(read, attempt.Deployment.Secret.Span);
            if (kept.Total > MaxJson) break;
        }

        attempt.LastByteAt = time.GetUtcNow();
        if (await ReadAsync(kept, exchange, call) is not { } rest)
        {
            attempt.Fail(new AttemptFailure(FailureKind.Transient, ResourceErrors.NoAnswer));
            return;
        }

        AnswerHead.Commit(context, answer);
        if (HttpMethods.IsDelete(context.Request.Method) && call is { Path.IsWhole: true, Resource: { } gone }) await resources.DeleteAsync(gone, exchange.Caller!);
        if (!await recorder.TryCloseAsync(exchange))
        {
            exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
            return;
        }

        AnswerHead.TellDuration(context.Response, exchange, exchange.EndedAt);
        context.Response.ContentLength = rest.Length;
        context.Response.BodyWriter.Write(rest.Span);

        // A client that leaves now has its call recorded already.
        _ = await ClientWriter.FlushAsync(context, time);
    }

    /// <returns>What the client gets; null when the answer is none.</returns>
    private async Task<ReadOnlyMemory<byte>?> ReadAsync(KeptBody kept, Exchange exchange, ResourceCall call)
    {
        if (kept.Total > MaxJson || !exchange.ProviderApi.TryReadAnswer(kept.Memory, exchange.Answer)) return null;

        using var document = JsonDocument.Parse(kept.Memory);
        ResourceAnswer.Read(document.RootElement, exchange, call);
        if (!call.Path.IsList || !HttpMethods.IsGet(call.Method)) return kept.Memory;

        exchange.Answer.Output = default;
        var place = call.Place;
        var own = await resources.ListAsync(exchange.Operation!.ResourceKind, place.Cluster.Id, place.DestinationId, exchange.Caller!, exchange.ClientLeft);
        return ResourceAnswer.Only(document.RootElement, own.Select(resource => resource.Id).ToHashSet(StringComparer.Ordinal));
    }
}
