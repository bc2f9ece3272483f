using Proxy.Host.Requests;
using Proxy.Logging;
using Proxy.Logging.Records;
using Proxy.Management.Access;
using Proxy.Management.Callbacks;
using Proxy.Management.Keys;
using Proxy.Management.Teams;

namespace Proxy.Host.Recording;

/// <summary>Where a call is logged, and how much of it. The one place that decides; docs/logging.md has it as a table.</summary>
internal static class LogResolution
{
    /// <summary>What holds for all calls of a key. The key's own callbacks, else its team's, else the gateway's; disabled wins over all.</summary>
    public static LogRules RulesOf(KeyIdentity? key, TeamIdentity? team, GlobalLogging global)
    {
        if (key?.IsLoggingDisabled == true || team?.IsLoggingDisabled == true) return LogRules.Disabled;

        var (level, callbacks) = key is { Callbacks.Count: > 0 } ? ("key", key.Callbacks)
            : team is { Callbacks.Count: > 0 } ? ("team", team.Callbacks)
            : ("global", global.Callbacks);
        var (ofKey, ofTeam) = (LogPolicy.Of(key?.Metadata), LogPolicy.Of(team?.Metadata));
        var disabled = ofKey.DisabledCallbacks.Concat(ofTeam.DisabledCallbacks)
            .Concat(callbacks.SelectMany(callback => LogPolicy.SplitOf(callback.Vars.GetValueOrDefault("litellm_disabled_callbacks"))))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

        // The nearest word of an admin counts; a client can add to it and never take from it.
        var redacts = ofKey.Redacts ?? ofTeam.Redacts ?? global.RedactsMessages;
        LogLine[] lines = [.. callbacks
            .Where(callback => !disabled.Contains(callback.Name))
            .Select(callback => (Callback: callback, Target: CallbackTargets.Find(callback)))
            .Where(line => line.Target is not null)
            .Select(line => new LogLine(
                line.Callback, line.Target!, LogPolicy.FlagOf(line.Callback.Vars.GetValueOrDefault("turn_off_message_logging")) ?? redacts))];
        return new LogRules(level, lines, [.. ofKey.Tags.Union(ofTeam.Tags)], ofKey.AtLimit ?? ofTeam.AtLimit, ofKey.TellsAttempts ?? ofTeam.TellsAttempts ?? false) { Facts = FactsOf(key, team) };
    }

    private static SharedFacts FactsOf(KeyIdentity? key, TeamIdentity? team)
    {
        (string Name, string? Value)[] facts =
        [
            ("user_api_key_hash", key?.Hash.ToString()),
            ("user_api_key_alias", key?.Alias),
            ("user_api_key_user_id", key is null ? Caller.AdminUserId : key.UserId),
            ("user_api_key_team_id", team?.TeamId),
            ("user_api_key_team_alias", team?.Alias),
        ];
        return new([.. facts.Where(fact => fact.Value is not null).Select(fact => KeyValuePair.Create(fact.Name, JsonString.Of(fact.Value!)))]);
    }

    /// <summary>What becomes of one call.</summary>
    public static IReadOnlyList<LogRoute> RoutesOf(LogRules rules, LogWishes wishes, bool isNoLog, bool isSuccess)
    {
        if (isNoLog || rules.Lines.Count == 0) return [];
        if (!wishes.Redacts && wishes.DisabledCallbacks.Count == 0) return isSuccess ? rules.ForSuccess : rules.ForFailure;

        return LogRules.Routes(rules.Lines
            .Where(line => isSuccess ? line.Callback.IsForSuccess : line.Callback.IsForFailure)
            .Where(line => !wishes.DisabledCallbacks.Contains(line.Callback.Name, StringComparer.OrdinalIgnoreCase))
            .Select(line => line with { IsRedacted = line.IsRedacted || wishes.Redacts }));
    }
}

/// <summary>What proxy.json says of logging for everybody.</summary>
internal sealed record GlobalLogging(IReadOnlyList<TeamCallback> Callbacks, bool RedactsMessages, bool IgnoresNoLog, IReadOnlyList<string> DefaultTags)
{
    public static readonly GlobalLogging None = new([], false, false, []);
}

/// <summary>A callback that is told, and whether it sees what was said.</summary>
internal sealed record LogLine(TeamCallback Callback, LogTarget Target, bool IsRedacted);

/// <summary>What holds for all calls of one key.</summary>
internal sealed class LogRules(string level, IReadOnlyList<LogLine> lines, IReadOnlyList<string> tags, LimitPolicy? atLimit, bool tellsAttempts)
{
    public static readonly LogRules Disabled = new("disabled", [], [], null, tellsAttempts: false);

    /// <summary><c>key</c>, <c>team</c>, <c>global</c> or <c>disabled</c>: whose callbacks these are.</summary>
    public string Level => level;

    public IReadOnlyList<LogLine> Lines => lines;

    public IReadOnlyList<string> Tags => tags;

    public LimitPolicy? AtLimit => atLimit;

    /// <summary>Each attempt of a call that needed several has a span of its own.</summary>
    public bool TellsAttempts => tellsAttempts;

    /// <summary>What every record says of the key and its team.</summary>
    public SharedFacts Facts { get; init; } = SharedFacts.None;

    public IReadOnlyList<LogRoute> ForSuccess { get; } = Routes(lines.Where(line => line.Callback.IsForSuccess));

    public IReadOnlyList<LogRoute> ForFailure { get; } = Routes(lines.Where(line => line.Callback.IsForFailure));

    /// <summary>One project that two entries name gets a call once, as the first of them says, and redacted if either of them says so.</summary>
    public static LogRoute[] Routes(IEnumerable<LogLine> chosen) =>
        [.. chosen.GroupBy(line => line.Target.Place).Select(group => new LogRoute(group.First().Target, group.Any(line => line.IsRedacted)))];
}
