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
    private const string Required = "RequiredParams";

    /// <param name="file">The file alone: an empty text in it is lost where the environment goes over it.</param>
    public static KeyCreation Read(IConfiguration configuration, IConfiguration file, List<string> faults)
    {
        SectionReader.ReportUnknown(configuration.GetSection(Section), [Team, Personal], faults);
        KeyCreationRule Rule(string kind, string roles, IReadOnlyList<string> known) =>
            ReadRule(configuration.GetSection($"{Section}:{kind}"), file.GetSection($"{Section}:{kind}"), roles, known, faults);

        return new KeyCreation { Team = Rule(Team, "AllowedTeamMemberRoles", KeyCreation.TeamRoles), Personal = Rule(Personal, "AllowedUserRoles", KeyCreation.UserRoles) };
    }

    private static KeyCreationRule ReadRule(IConfigurationSection section, IConfigurationSection file, string roles, IReadOnlyList<string> known, List<string> faults)
    {
        SectionReader.ReportUnknown(section, [roles, Required], faults);
        var (allowed, required) = (ReadNames(section.GetSection(roles), known, faults), ReadNames(section.GetSection(Required), KeyCreation.Fields, faults));

        // No role at all may be meant for nobody or for everybody.
        if (string.IsNullOrWhiteSpace(section[roles] ?? file[roles] ?? "every")) faults.Add($"{section.Path}:{roles} names no role; leave it out to let every role.");
        return new KeyCreationRule(allowed, required ?? []);
    }

    private static List<string>? ReadNames(IConfigurationSection setting, IReadOnlyList<string> known, List<string> faults)
    {
        SectionReader.ReportNested(setting, faults);
        if (setting.Value is not { } text) return null;

        var names = ModelReader.Split(text);
        faults.AddRange(names.Where(name => !known.Contains(name)).Select(name => $"{setting.Path} names '{name}', which is none of {string.Join(", ", known)}."));
        return names;
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
