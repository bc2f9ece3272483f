using System.Collections.ObjectModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Logging.Records;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>Tells an exchange to the log, under the names that LiteLLM's users know from their Langfuse.</summary>
internal static class ExchangeLog
{
    private const int TraceIdLength = 32;
    private const int SpanIdLength = 16;

    // The facts that the gateway adds to those of the client, as a rule, beside those of the key and its team.
    private const int OwnFacts = 4;

    /// <param name="exchange">The call.</param>
    /// <param name="bill">What it cost.</param>
    /// <param name="rules">What holds for the calls of its key.</param>
    /// <param name="room">As large as <see cref="RoomFor"/> says; the record may hold on to it.</param>
    public static CompletionRecord Record(Exchange exchange, Bill bill, LogRules rules, Memory<byte> room)
    {
        var request = exchange.Request;
        var asked = request?.Metadata ?? new RequestMetadata();
        exchange.LogWishes.ApplyTo(asked);
        var usualName = exchange.Operation?.LogName ?? "litellm-request";
        var id = exchange.Id.ToString("N");

        var record = new CompletionRecord
        {
            Id = exchange.Id,
            TraceId = HexId(asked.TraceId, TraceIdLength) ?? id,
            SpanId = HexId(asked.GenerationId, SpanIdLength) ?? id[^SpanIdLength..],
            ParentSpanId = HexId(asked.ParentObservationId, SpanIdLength),
            IsAddedToTrace = asked.IsExistingTrace,
            TraceName = asked.MaySet("name") ? asked.TraceName ?? usualName : null,
            Name = asked.GenerationName ?? (exchange.Caller?.KeyAlias is { } alias ? $"litellm:{alias}" : usualName),
            Operation = exchange.Operation?.Name ?? "chat",
            StartedAt = exchange.StartedAt,
            EndedAt = exchange.EndedAt,
            FirstTokenAt = request?.IsStream == true ? exchange.FirstByteAt : null,
            Level = LevelOf(exchange.Outcome),
            StatusMessage = MessageOf(exchange),
            Model = exchange.Model,
            UpstreamModel = exchange.Answer.Model ?? exchange.Attempt?.UpstreamModel,
            Provider = exchange.Attempt?.Deployment.Provider,
            UserId = asked.MaySet("user_id") ? asked.TraceUserId ?? request?.User ?? exchange.Caller?.UserId : null,
            SessionId = asked.MaySet("session_id") ? asked.SessionId : null,
            Tags = asked.MaySet("tags") ? TagsOf(exchange, asked, rules.Tags) : [],
            Metadata = MetadataOf(exchange, bill, asked, rules),
            TraceMetadata = TraceMetadataOf(asked),
            SetsTraceInput = asked.IsExistingTrace && asked.UpdateTraceKeys.Contains("input"),
            SetsTraceOutput = asked.IsExistingTrace && asked.UpdateTraceKeys.Contains("output"),
            PromptName = asked.PromptName,
            PromptVersion = asked.PromptVersion,
            Attempts = AttemptLog.Of(exchange.Attempts, id),
            HasAttemptSpans = exchange.Attempts.Count > 0 && rules.TellsAttempts,
            Parameters = request?.Subset(FieldKind.Parameter, ref room) ?? default,
            Input = request is not null && exchange.Operation is { } operation ? InputOf(request, operation, room) : default,
            Output = exchange.Answer.Output,
            Usage = bill.Usage.Total > 0 ? UsageOf(bill.Usage) : null,
            Cost = (bill.Usage.Total > 0 || bill.Cost > 0) && !bill.IsUnpriced ? new CompletionCost(bill.InputCost, bill.OutputCost) : null,
            Release = asked.Release,
            Version = asked.Version,
        };
        return Masked(record, asked);
    }

    /// <summary>What the texts of a record take at most that are put together for it. A form, which may be a recording of many megabytes, tells of its parts by itself.</summary>
    public static int RoomFor(Exchange exchange) => exchange.Request is { Form: null } request ? request.Body.Length + (2 * CompletionRequest.SubsetRoom) : 0;

    private static IReadOnlyDictionary<string, string> TraceMetadataOf(RequestMetadata asked)
    {
        if (!asked.MaySet("metadata")) return ReadOnlyDictionary<string, string>.Empty;
        if (!asked.IsDebugging) return asked.TraceFields;

        var fields = string.Join(',', asked.Fields.Select(field => $"{JsonString.Of(field.Key)}:{field.Value}"));
        return new Dictionary<string, string>(asked.TraceFields) { ["metadata_passed_to_litellm"] = $"{{{fields}}}" };
    }

    private static CompletionRecord Masked(CompletionRecord record, RequestMetadata asked) => (asked.MasksInput, asked.MasksOutput) switch
    {
        (true, true) => RecordMask.Both(record),
        (true, false) => RecordMask.Input(record),
        (false, true) => RecordMask.Output(record),
        _ => record,
    };

    /// <summary>A client's own id joins calls; where it is not in the form that traces need, its hash stands for it.</summary>
    private static string? HexId(string? given, int length)
    {
        if (given is not { Length: > 0 }) return null;
        if (given.Length == length && given.All(char.IsAsciiHexDigitLower) && given.Any(digit => digit != '0')) return given;

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(given)).AsSpan(0, length / 2));
    }

    private static IReadOnlyList<string> TagsOf(Exchange exchange, RequestMetadata asked, IReadOnlyList<string> tags)
    {
        var wanted = exchange.Settings.Logging.DefaultTags;
        if (tags.Count == 0 && wanted.Count == 0 && asked.LogTags.Count == 0) return asked.Tags;

        var all = new List<string>(asked.Tags.Union(asked.LogTags).Union(tags));
        foreach (var name in wanted)
        {
            var value = name switch
            {
                "user_api_key_alias" => exchange.Caller?.KeyAlias,
                "user_api_key_user_id" => exchange.Caller?.UserId,
                "user_api_key_team_id" => exchange.Team?.Current.TeamId,
                "user_api_key_team_alias" => exchange.Team?.Current.Alias,
                "cache_hit" => "False",
                _ => null,
            };
            if (value is not null) all.Add($"{name}:{value}");
        }

        return all;
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
    private static ReadOnlyMemory<byte> InputOf(CompletionRequest request, ApiOperation operation, Memory<byte> room)
    {
        if (operation.IsConversation || request.Form is not null) return request.Subset(FieldKind.Input, ref room);

        foreach (var field in request.Fields)
        {
            if (field.Kind == FieldKind.Input && request.NameOf(field).SequenceEqual(operation.InputField)) return request.Body[field.ValueStart..field.ValueEnd];
        }

        return default;
    }

    private static CompletionUsage UsageOf(TokenUsage usage) =>
        new(usage.FreshInput, usage.CachedInput, usage.CacheWrite + usage.CacheWriteHour, usage.AnsweredOutput, usage.Reasoning);

    private static FactDictionary MetadataOf(Exchange exchange, Bill bill, RequestMetadata asked, LogRules rules)
    {
        var metadata = new FactDictionary(rules.Facts, asked.Fields.Count + OwnFacts);
        foreach (var (name, value) in asked.Fields) metadata.Set(name, value);
        metadata.Set("call_id", $"\"{exchange.Id}\"");
        Add(metadata, "model_group", exchange.Model);
        Add(metadata, "model_id", exchange.Attempt?.ModelId);
        for (var i = 1; i <= exchange.Attempts.Count; i++) metadata.Remove($"attempt_{i}");
        Add(metadata, "error_type", exchange.Failure?.Type);
        Add(metadata, "client_trace_id", asked.TraceId);
        metadata.Set("status", exchange.Status.ToString(CultureInfo.InvariantCulture));
        if (bill.IsEstimated) metadata.Set("usage_estimated", "true");
        if (bill.IsUnpriced) metadata.Set("unpriced", "true");
        return metadata;
    }

    private static void Add(FactDictionary metadata, string name, string? value)
    {
        if (value is not null) metadata.Set(name, JsonString.Of(value));
    }
}
