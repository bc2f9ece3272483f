using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Nodes;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Host.Configuration;

/// <summary>Section <c>DefaultKeyParams</c>: what a new key gets of which its request says nothing.</summary>
internal sealed class DefaultKeyOptions : IValidatableObject
{
    public const string Section = "DefaultKeyParams";

    [Range(0.0, 9_000_000.0)]
    public decimal? MaxBudget { get; set; }

    public string? UserId { get; set; }

    public string? TeamId { get; set; }

    [Range(0, long.MaxValue)]
    public long? MaxParallelRequests { get; set; }

    [Range(0, long.MaxValue)]
    public long? TpmLimit { get; set; }

    [Range(0, long.MaxValue)]
    public long? RpmLimit { get; set; }

    /// <summary>How often the spend goes back to zero, such as <c>1d</c>, <c>7d</c> or <c>1mo</c>.</summary>
    public string? BudgetDuration { get; set; }

    /// <summary>Names, separated by commas.</summary>
    public string Models { get; set; } = "";

    public KeyDefaults ToDefaults(JsonObject metadata) => new()
    {
        MaxBudget = MaxBudget,
        UserId = UserId,
        TeamId = TeamId,
        MaxParallelRequests = MaxParallelRequests,
        TpmLimit = TpmLimit,
        RpmLimit = RpmLimit,
        BudgetDuration = BudgetDuration,
        Models = ModelReader.Split(Models),
        Metadata = metadata.ToJsonString(),
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => KeyDurations.Check(nameof(BudgetDuration), BudgetDuration);
}

/// <summary>Section <c>UpperBoundKeyParams</c>: the most that a key may be given, and what it gets when it asks for nothing.</summary>
internal sealed class UpperBoundKeyOptions : IValidatableObject
{
    public const string Section = "UpperBoundKeyParams";

    [Range(0.0, 9_000_000.0)]
    public decimal? MaxBudget { get; set; }

    public string? BudgetDuration { get; set; }

    /// <summary>How long a key may live.</summary>
    public string? Duration { get; set; }

    [Range(0, long.MaxValue)]
    public long? MaxParallelRequests { get; set; }

    [Range(0, long.MaxValue)]
    public long? TpmLimit { get; set; }

    [Range(0, long.MaxValue)]
    public long? RpmLimit { get; set; }

    public KeyBounds ToBounds() => new()
    {
        MaxBudget = MaxBudget,
        BudgetDuration = BudgetDuration,
        Duration = Duration,
        MaxParallelRequests = MaxParallelRequests,
        TpmLimit = TpmLimit,
        RpmLimit = RpmLimit,
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        KeyDurations.Check(nameof(BudgetDuration), BudgetDuration).Concat(KeyDurations.Check(nameof(Duration), Duration));
}

/// <summary>Section <c>KeyGenerationSettings</c>: who may make keys, and what their requests must state.</summary>
internal static class KeyCreationReader
{
    public const string Section = "KeyGenerationSettings";

    private const string Team = "TeamKeyGeneration";
    private const string Personal = "PersonalKeyGeneration";

    /// <param name="file">The file alone: an empty text in it is lost where the environment goes over it.</param>
    public static KeyCreation Read(IConfiguration configuration, IConfiguration file, List<string> faults)
    {
        var section = configuration.GetSection(Section);
        SectionReader.ReportUnknown(section, [Team, Personal], faults);
        foreach (var stated in (IConfiguration[])[section, file.GetSection(Section)])
        {
            ReportBlank(stated.GetSection(Team), nameof(TeamKeyOptions.AllowedTeamMemberRoles), faults);
            ReportBlank(stated.GetSection(Personal), nameof(PersonalKeyOptions.AllowedUserRoles), faults);
        }

        var team = SectionReader.Read<TeamKeyOptions>(section.GetSection(Team), faults);
        var personal = SectionReader.Read<PersonalKeyOptions>(section.GetSection(Personal), faults);
        return new KeyCreation { Team = ToRule(team.AllowedTeamMemberRoles, team.RequiredParams), Personal = ToRule(personal.AllowedUserRoles, personal.RequiredParams) };
    }

    private static KeyCreationRule ToRule(string? roles, string? required) => new(roles is null ? null : ModelReader.Split(roles), ModelReader.Split(required));

    /// <summary>No role at all may be meant for nobody or for everybody.</summary>
    private static void ReportBlank(IConfigurationSection section, string name, List<string> faults)
    {
        var fault = $"{section.Path}:{name} names no role; leave it out to let every role.";
        if (section[name] is { } stated && string.IsNullOrWhiteSpace(stated) && !faults.Contains(fault)) faults.Add(fault);
    }

    private static IEnumerable<ValidationResult> Check(string name, string? words, IReadOnlyList<string> known) =>
        from word in ModelReader.Split(words)
        where !known.Contains(word)
        select new ValidationResult($"{name} names '{word}', which is none of {string.Join(", ", known)}.");

    private sealed class TeamKeyOptions : IValidatableObject
    {
        /// <summary>Roles in the team, separated by commas; without it, every one.</summary>
        public string? AllowedTeamMemberRoles { get; set; }

        /// <summary>Fields of the request, separated by commas.</summary>
        public string? RequiredParams { get; set; }

        public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
            Check(nameof(AllowedTeamMemberRoles), AllowedTeamMemberRoles, KeyCreation.TeamRoles).Concat(Check(nameof(RequiredParams), RequiredParams, KeyCreation.Fields));
    }

    private sealed class PersonalKeyOptions : IValidatableObject
    {
        /// <summary>Roles of users, separated by commas; without it, every one.</summary>
        public string? AllowedUserRoles { get; set; }

        /// <summary>Fields of the request, separated by commas.</summary>
        public string? RequiredParams { get; set; }

        public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
            Check(nameof(AllowedUserRoles), AllowedUserRoles, KeyCreation.UserRoles).Concat(Check(nameof(RequiredParams), RequiredParams, KeyCreation.Fields));
    }
}

/// <summary>Reads the three sections. The metadata of new keys is free, so it is read as the JSON that it stands in.</summary>
internal static class KeyOptionsReader
{
    private const string MetadataKey = "Metadata";

    public static KeyGenerationSettings Read(IConfiguration configuration, IConfiguration file, List<string> faults)
    {
        var section = configuration.GetSection(DefaultKeyOptions.Section);
        var stated = new ConfigurationBuilder()
            .AddInMemoryCollection(section.AsEnumerable().Where(entry => !IsMetadata(section, entry.Key)))
            .Build()
            .GetSection(section.Path);
        var defaults = SectionReader.Read<DefaultKeyOptions>(stated, faults);
        var metadata = section.GetSection(MetadataKey);
        var bounds = SectionReader.Read<UpperBoundKeyOptions>(configuration.GetSection(UpperBoundKeyOptions.Section), faults);
        return new KeyGenerationSettings
        {
            Defaults = defaults.ToDefaults(ReadNode(metadata) as JsonObject ?? []),
            Bounds = bounds.ToBounds(),
            Creation = KeyCreationReader.Read(configuration, file, faults),
        };
    }

    private static bool IsMetadata(IConfigurationSection section, string path) =>
        path.StartsWith($"{section.Path}:{MetadataKey}", StringComparison.OrdinalIgnoreCase);

    /// <summary>Configuration knows texts alone: what looks like a number or a flag is one.</summary>
    private static JsonNode? ReadNode(IConfigurationSection section)
    {
        var children = section.GetChildren().ToList();
        if (children.Count > 0 && children.All(child => int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return new JsonArray([.. children.Select(ReadNode)]);
        if (children.Count > 0) return new JsonObject(children.Select(child => KeyValuePair.Create(child.Key, ReadNode(child))));
        if (section.Value is not { } text) return null;

        return bool.TryParse(text, out var flag) ? JsonValue.Create(flag)
            : decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number)
            : JsonValue.Create(text);
    }
}

/// <summary>Durations of the two sections.</summary>
internal static class KeyDurations
{
    public static IEnumerable<ValidationResult> Check(string name, string? duration)
    {
        if (duration is not null && !BudgetCalendar.IsDuration(duration))
            yield return new ValidationResult($"{name} '{duration}' is not like '12h', '1d', '7d' or '1mo'.");
    }
}
