using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Keys;

namespace Proxy.Management.Teams;

/// <summary>A team as every answer shows it, its secrets masked.</summary>
internal sealed record TeamView : LimitView
{
    private TeamView(LimitSettings limits)
        : base(limits)
    {
    }

    public required string TeamId { get; init; }
    public required string? TeamAlias { get; init; }
    public required string? OrganizationId { get; init; }
    public required JsonObject Metadata { get; init; }
    public required IReadOnlyList<string> Models { get; init; }
    public required decimal Spend { get; init; }
    public required bool Blocked { get; init; }
    public JsonObject ModelSpend { get; init; } = [];
    public string? ModelId { get; init; }
    public JsonObject? LitellmOrganizationTable { get; init; }
    public JsonObject? LitellmModelTable { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>In lists that show whole teams.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<KeyView>? Keys { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonArray? TeamMemberships { get; init; }

    /// <summary>The fields that are kept but not read.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> Details { get; set; } = [];

    public static TeamView Of(TeamRecord record)
    {
        var team = record.Identity;
        var metadata = JsonNode.Parse(team.Metadata)!.AsObject();
        CallbackView.AddTo(metadata, team.Callbacks, team.IsLoggingDisabled);

        return new TeamView(team.Limits)
        {
            TeamId = team.TeamId,
            TeamAlias = team.Alias,
            OrganizationId = team.OrganizationId,
            Metadata = metadata,
            Models = team.Models,
            Spend = record.Spend,
            Blocked = team.IsBlocked,
            CreatedAt = team.CreatedAt,
            UpdatedAt = team.UpdatedAt,
            Details = JsonSerializer.Deserialize(team.Details, KeyJson.Default.DictionaryStringJsonElement)!,
        };
    }
}

/// <param name="TeamId">Which team.</param>
/// <param name="Team">The team.</param>
/// <param name="Keys">Its keys, without their hashes.</param>
/// <param name="TeamMemberships">The members' own budgets.</param>
internal sealed record TeamInfo(
    string TeamId, [property: JsonPropertyName("team_info")] TeamView Team, IReadOnlyList<KeyView> Keys, JsonArray TeamMemberships);

/// <summary>The answer of an update.</summary>
internal sealed record TeamUpdated(string TeamId, TeamView Data);

/// <summary>A team as it is shown to who is not in it.</summary>
internal sealed record AvailableTeam(string TeamId, string? TeamAlias, string? OrganizationId, IReadOnlyList<string> Models, bool Blocked);

/// <param name="DeletedTeams">As the caller named them.</param>
internal sealed record DeletedTeamIds(IReadOnlyList<string> DeletedTeams);

internal sealed record TeamPageView(IReadOnlyList<TeamView> Teams, long Total, int Page, int PageSize, long TotalPages);

/// <param name="TeamMemberPermissions">What members who are no admins may do with the team's keys; empty leaves it to what each may do anyway.</param>
/// <param name="AllAvailablePermissions">All that may be named.</param>
internal sealed record TeamPermissions(string TeamId, IReadOnlyList<string> TeamMemberPermissions, IReadOnlyList<string> AllAvailablePermissions);

/// <summary>The envelope of the callback endpoints.</summary>
internal sealed record TeamAnswer(string Status, TeamView Data);

/// <summary>A team's callbacks, their secrets masked.</summary>
internal sealed record TeamCallbacks(
    string TeamId,
    IReadOnlyList<string> SuccessCallbacks,
    IReadOnlyList<string> FailureCallbacks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? CallbackVars,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonArray? Callbacks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonObject? Effective);

internal sealed record TeamCallbacksAnswer(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message,
    TeamCallbacks Data);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TeamView))]
[JsonSerializable(typeof(TeamInfo))]
[JsonSerializable(typeof(TeamUpdated))]
[JsonSerializable(typeof(DeletedTeamIds))]
[JsonSerializable(typeof(TeamPageView))]
[JsonSerializable(typeof(IReadOnlyList<TeamView>))]
[JsonSerializable(typeof(TeamPermissions))]
[JsonSerializable(typeof(IReadOnlyList<AvailableTeam>))]
[JsonSerializable(typeof(TeamAnswer))]
[JsonSerializable(typeof(TeamCallbacksAnswer))]
internal sealed partial class TeamJson : JsonSerializerContext;
