using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Logging.Records;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>Tells an exchange to the log, under the names that LiteLLM's users know from their Langfuse.</summary>
internal static class ExchangeLog
{
    public static CompletionRecord Record(Exchange exchange, Bill bill)
    {
        var request = exchange.Request;
        var asked = request?.Metadata;
        var callType = exchange.Operation?.CallType ?? "request";
        var id = exchange.Id.ToString("N");

        return new CompletionRecord
        {
            Id = exchange.Id,
            TraceId = TraceIdOf(asked?.TraceId) ?? id,
            SpanId = id[^16..],
            TraceName = asked?.TraceName ?? $"litellm-{callType}",
            Name = asked?.GenerationName ?? (exchange.Caller?.KeyAlias is { } alias ? $"litellm:{alias}" : $"litellm-{callType}"),
            Operation = exchange.Operation?.Name ?? "chat",
            StartedAt = exchange.StartedAt,
            EndedAt = exchange.EndedAt,
            FirstTokenAt = request?.IsStream == true ? exchange.FirstByteAt : null,
            Level = LevelOf(exchange.Outcome),
            StatusMessage = MessageOf(exchange),
            Model = exchange.Model,
            UpstreamModel = exchange.Answer.Model ?? exchange.Attempt?.UpstreamModel,
            Provider = exchange.Attempt?.Deployment.Provider,
            UserId = asked?.TraceUserId ?? request?.User ?? exchange.Caller?.UserId,
            SessionId = asked?.SessionId,
            Tags = asked?.Tags ?? [],
            Metadata = MetadataOf(exchange, bill),
            TraceMetadata = asked?.TraceFields ?? [],
            Parameters = request?.Subset(FieldKind.Parameter) ?? default,
            Input = request is not null && exchange.Operation is { } operation ? InputOf(request, operation) : default,
            Output = exchange.Answer.Output,
            Usage = bill.Usage.Total > 0 ? UsageOf(bill.Usage) : null,
            Cost = bill.Usage.Total > 0 && !bill.IsUnpriced ? new CompletionCost(bill.InputCost, bill.OutputCost) : null,
            Release = asked?.Release,
            Version = asked?.Version,
        };
    }

    /// <summary>A client's own trace id joins calls; where it is not in the form that traces need, its hash stands for it.</summary>
    private static string? TraceIdOf(string? given)
    {
        if (given is not { Length: > 0 }) return null;
        if (given.Length == 32 && given.All(char.IsAsciiHexDigitLower)) return given;

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(given)).AsSpan(0, 16));
    }

    private static CompletionLevel LevelOf(SpendOutcome outcome) => outcome switch
    {
        SpendOutcome.Success => CompletionLevel.Default,
        SpendOutcome.Aborted => CompletionLevel.Warning,
        _ => CompletionLevel.Error,
    };

    private static string? MessageOf(Exchange exchange) => exchange.Outcome switch
    {
        SpendOutcome.Success => null,
        SpendOutcome.Aborted => "The client left before the end of the answer.",
        _ => exchange.Answer.ErrorMessage ?? exchange.Failure?.Message ?? $"The provider answered with status {exchange.Status}.",
    };

    /// <summary>A completion's prompt and an embedding's input stand alone; a chat keeps its messages together with its tools.</summary>
    private static ReadOnlyMemory<byte> InputOf(CompletionRequest request, ApiOperation operation)
    {
        if (operation.IsConversation) return request.Subset(FieldKind.Input);

        foreach (var field in request.Fields)
        {
            if (field.Kind == FieldKind.Input && request.NameOf(field).SequenceEqual(operation.InputField)) return request.Body[field.ValueStart..field.ValueEnd];
        }

        return default;
    }

    private static CompletionUsage UsageOf(TokenUsage usage) => new(usage.Input, usage.CachedInput, usage.CacheWrite, usage.Output, usage.Reasoning);

    private static Dictionary<string, string> MetadataOf(Exchange exchange, Bill bill)
    {
        var metadata = new Dictionary<string, string>(exchange.Request?.Metadata.Fields ?? []);
        var caller = exchange.Caller!;
        Add(metadata, "call_id", exchange.Id.ToString());
        Add(metadata, "user_api_key_hash", caller.KeyHash?.ToString());
        Add(metadata, "user_api_key_alias", caller.KeyAlias);
        Add(metadata, "user_api_key_user_id", caller.UserId);
        Add(metadata, "user_api_key_team_id", caller.TeamId);
        Add(metadata, "user_api_key_team_alias", caller.TeamAlias);
        Add(metadata, "model_group", exchange.Model);
        Add(metadata, "model_id", exchange.Attempt?.ModelId);
        foreach (var (name, text) in AttemptLog.Of(exchange.Attempts)) Add(metadata, name, text);
        Add(metadata, "error_type", exchange.Failure?.Type);
        Add(metadata, "client_trace_id", exchange.Request?.Metadata.TraceId);
        metadata["status"] = exchange.Status.ToString(CultureInfo.InvariantCulture);
        if (bill.IsEstimated) metadata["usage_estimated"] = "true";
        if (bill.IsUnpriced) metadata["unpriced"] = "true";
        return metadata;
    }

    private static void Add(Dictionary<string, string> metadata, string name, string? value)
    {
        if (value is not null) metadata[name] = JsonSerializer.Serialize(value, RequestJson.Default.String);
    }
}
