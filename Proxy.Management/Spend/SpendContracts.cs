using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Proxy.Management.Spend;

/// <summary>An entry as clients know it; three names are in another case than all others.</summary>
internal sealed record SpendLogRow
{
    public required string RequestId { get; init; }
    public required string CallType { get; init; }
    public required string? ApiKey { get; init; }
    public required decimal Spend { get; init; }
    public required long TotalTokens { get; init; }
    public required long PromptTokens { get; init; }
    public required long CompletionTokens { get; init; }

    [JsonPropertyName("startTime")]
    public required DateTimeOffset StartTime { get; init; }

    [JsonPropertyName("endTime")]
    public required DateTimeOffset EndTime { get; init; }

    [JsonPropertyName("completionStartTime")]
    public required DateTimeOffset? CompletionStartTime { get; init; }

    public required string Model { get; init; }
    public required string? ModelId { get; init; }
    public required string ModelGroup { get; init; }
    public string ApiBase { get; init; } = "";
    public required string? User { get; init; }
    public required JsonObject Metadata { get; init; }
    public string CacheHit { get; init; } = "False";
    public string? CacheKey { get; init; }
    public required IReadOnlyList<string> RequestTags { get; init; }
    public required string? TeamId { get; init; }
    public required string? EndUser { get; init; }
    public required string? RequesterIpAddress { get; init; }
    public required string? CustomLlmProvider { get; init; }
    public required string? SessionId { get; init; }
    public required string Status { get; init; }

    public static SpendLogRow Of(SpendEntry entry) => new()
    {
        RequestId = entry.CallId.ToString(),
        CallType = entry.CallType,
        ApiKey = entry.KeyHash?.ToString(),
        Spend = entry.Cost,
        TotalTokens = entry.Usage.Total,
        PromptTokens = entry.Usage.TotalInput,
        CompletionTokens = entry.Usage.TotalOutput,
        StartTime = entry.StartedAt,
        EndTime = entry.EndedAt,
        CompletionStartTime = entry.FirstTokenAt,
        Model = entry.UpstreamModel ?? entry.Model,
        ModelId = entry.Destination,
        ModelGroup = entry.Model,
        User = entry.UserId,
        Metadata = MetadataOf(entry),
        RequestTags = entry.Tags,
        TeamId = entry.TeamId,
        EndUser = entry.EndUser,
        RequesterIpAddress = entry.RequesterIp,
        CustomLlmProvider = entry.Provider,
        SessionId = entry.SessionId,
        Status = entry.Outcome == SpendOutcome.Success ? "success" : "failure",
    };

    private static JsonObject MetadataOf(SpendEntry entry) => new()
    {
        ["user_api_key"] = entry.KeyHash?.ToString(),
        ["user_api_key_team_id"] = entry.TeamId,
        ["user_api_key_user_id"] = entry.UserId,
        ["status"] = entry.Outcome == SpendOutcome.Success ? "success" : "failure",
        ["outcome"] = entry.Outcome.ToString().ToLowerInvariant(),
        ["status_code"] = entry.StatusCode,
        ["attempts"] = entry.Attempts,
        ["is_estimated"] = entry.IsEstimated,
        ["is_unpriced"] = entry.IsUnpriced,
        ["error_information"] = entry.ErrorType is null ? null : new JsonObject { ["error_class"] = entry.ErrorType },
        ["usage_object"] = new JsonObject
        {
            ["prompt_tokens"] = entry.Usage.TotalInput,
            ["cached_tokens"] = entry.Usage.CachedInput,
            ["cache_creation_tokens"] = entry.Usage.CacheWrite,
            ["completion_tokens"] = entry.Usage.TotalOutput,
            ["reasoning_tokens"] = entry.Usage.Reasoning,
        },
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<SpendLogRow>))]
internal sealed partial class SpendJson : JsonSerializerContext;
