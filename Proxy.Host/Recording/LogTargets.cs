using System.Runtime.CompilerServices;
using Proxy.Host.Exchanges;
using Proxy.Host.Requests;
using Proxy.Logging;
using Proxy.Logging.Records;
using Proxy.Management.Alerts;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Management.Teams;

namespace Proxy.Host.Recording;

/// <summary>Which targets a call is logged at. What holds for a key is worked out once, until its row, its team's or the settings change.</summary>
internal sealed class LogTargets
{
    /// <summary>The refusal that is in the ledger only: to log it would need the room that there is not.</summary>
    public const string OutboxFullType = "log_outbox_full";

    private readonly ConditionalWeakTable<KeyIdentity, Remembered> _rules = [];
    private readonly ConditionalWeakTable<GlobalLogging, LogRules> _rulesOfAll = [];

    /// <summary>What holds for the caller's calls.</summary>
    /// <returns>Null for callers that nobody knows.</returns>
    public LogRules? RulesOf(Exchange exchange)
    {
        if (exchange.Caller is not { } caller) return null;

        var global = exchange.Settings.Logging;
        if (caller.Key?.Current is not { } key) return _rulesOfAll.GetValue(global, static global => LogResolution.RulesOf(null, null, global));

        var team = exchange.Team?.Current;
        if (_rules.TryGetValue(key, out var known) && ReferenceEquals(known.Team, team) && ReferenceEquals(known.Global, global)) return known.Rules;

        var rules = LogResolution.RulesOf(key, team, global);
        _rules.AddOrUpdate(key, new Remembered(team, global, rules));
        return rules;
    }

    public static IReadOnlyList<LogRoute> RoutesOf(Exchange exchange, LogRules rules)
    {
        if (exchange.Failure?.Type == OutboxFullType) return [];

        var isNoLog = !exchange.Settings.Logging.IgnoresNoLog && IsNoLog(exchange.Request);
        return LogResolution.RoutesOf(rules, exchange.LogWishes, isNoLog, exchange.Outcome is SpendOutcome.Success or SpendOutcome.Aborted);
    }

    /// <summary>What happens to this caller's calls when the outbox is full.</summary>
    public static LimitPolicy PolicyOf(Exchange exchange, LogRules? rules) => rules switch
    {
        // Whose calls are not logged has no need to stop.
        { Lines.Count: 0 } or null => LimitPolicy.ShedBodies,
        _ => rules.AtLimit ?? exchange.Settings.CompletionLog.LimitPolicy,
    };

    /// <summary>Who logs at a target, in so far as it is in memory: teams whose keys have called in this run, or <see cref="TargetAlert.Global"/> alone for everybody's.</summary>
    public IReadOnlyList<string> TeamsAt(LogTarget target, GlobalLogging global)
    {
        if (IsToldOf(LogResolution.RulesOf(null, null, global))) return [TargetAlert.Global];

        return [.. _rules.Where(known => IsToldOf(known.Value.Rules)).Select(known => known.Value.Team?.TeamId).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

        bool IsToldOf(LogRules rules) => rules.Lines.Any(line => line.Target == target);
    }

    /// <summary>Whether the call's team, or key, still wants what was recorded; asked by the writer, after all that was committed before.</summary>
    public static bool IsStillWanted(KeyState? key, TeamState? team) => team is not { Current.IsLoggingDisabled: true } && key is not { Current.IsLoggingDisabled: true };

    /// <summary>The client wants no log of this call; its spend is booked all the same.</summary>
    private static bool IsNoLog(CompletionRequest? request)
    {
        if (request is null) return false;

        foreach (var field in request.Fields)
        {
            if (field.Kind == FieldKind.GatewayOnly && request.NameOf(field).SequenceEqual("no-log"u8)) return request.ValueOf(field).SequenceEqual("true"u8);
        }

        return false;
    }

    private sealed record Remembered(TeamIdentity? Team, GlobalLogging Global, LogRules Rules);
}
