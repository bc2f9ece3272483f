using System.Globalization;
using System.Text.Json.Nodes;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>What a new key gets of which its request says nothing. Null leaves it so.</summary>
public sealed record KeyDefaults
{
    public decimal? MaxBudget { get; init; }
    public string? UserId { get; init; }
    public string? TeamId { get; init; }
    public long? MaxParallelRequests { get; init; }
    public long? TpmLimit { get; init; }
    public long? RpmLimit { get; init; }
    public string? BudgetDuration { get; init; }
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>A JSON object.</summary>
    public string Metadata { get; init; } = "{}";
}

/// <summary>The most that a key may be given. Null bounds nothing.</summary>
public sealed record KeyBounds
{
    public decimal? MaxBudget { get; init; }
    public string? BudgetDuration { get; init; }
    public string? Duration { get; init; }
    public long? MaxParallelRequests { get; init; }
    public long? TpmLimit { get; init; }
    public long? RpmLimit { get; init; }
}

/// <summary>The operator's rules of new keys: who may make them and what they must state, defaults and upper bounds. Defaults come first, so that one beyond a bound is refused like any other value.</summary>
public sealed class KeyGenerationRules
{
    private readonly TimeProvider _time;
    private volatile KeyGenerationSettings _settings = new();

    internal KeyGenerationRules(TimeProvider time) => _time = time;

    /// <summary>From now on these hold.</summary>
    public void Apply(KeyGenerationSettings settings) => _settings = settings;

    /// <summary>Why a request that does not state all that it must is refused, or null.</summary>
    /// <param name="asked">As it was sent: what a default or a bound would add is not stated.</param>
    /// <param name="isTeams">Whether the key would be a team's.</param>
    internal ProxyError? FindMissing(FieldReader asked, Caller caller, bool isTeams)
    {
        if (isTeams && caller.IsProxyAdmin) return null;

        var required = (isTeams ? _settings.Creation.Team : _settings.Creation.Personal).RequiredParams;
        return required.FirstOrDefault(asked.IsEmpty) is { } missing ? KeyErrors.ParamMissing(missing) : null;
    }

    /// <summary>Why a key's budget with its temporary increase is too much, or null: what was so before the bound stays.</summary>
    /// <param name="old">The key as it was; null for a new one.</param>
    internal ProxyError? FindIncreaseRefusal(KeyIdentity? old, KeyIdentity key)
    {
        var now = _time.GetUtcNow();
        return _settings.Bounds.MaxBudget is { } bound
            && key.Terms is { Increase: not null } terms && terms.MaxBudgetPicosAt(now) is { } most && most > Money.ToPico(bound) && most > (old?.Terms.MaxBudgetPicosAt(now) ?? 0)
            ? KeyErrors.OverBound(TemporaryIncrease.AmountField, Money.FromPico(most), bound)
            : null;
    }

    /// <summary>Why somebody of this role has no keys of no team, or null.</summary>
    internal ProxyError? FindPersonalRefusal(Caller caller) =>
        _settings.Creation.Personal is var rule && !rule.Allows(RoleNames.Of(caller.Role)) ? KeyErrors.PersonalKeysRestricted(rule.Roles!, caller.Role) : null;

    /// <summary>Why somebody who is in the team, or looks after it, makes no keys of it, or null.</summary>
    internal ProxyError? FindTeamRefusal(Caller caller, TeamIdentity team)
    {
        var role = caller.IsAdminOf(team) ? TeamMembers.AdminRole : team.Members.Roles.GetValueOrDefault(caller.UserId!) ?? TeamMembers.UserRole;
        return _settings.Creation.Team is var rule && !rule.Allows(role) ? KeyErrors.TeamRoleNotAllowed(rule.Roles!, role) : null;
    }

    /// <summary>The request of a new key with the defaults, and the bound where it states nothing that is bounded.</summary>
    internal (FieldReader Fields, ProxyError? Error) Complete(FieldReader fields)
    {
        var settings = _settings;
        var completed = fields.With(Missing(fields, settings.Defaults));
        return Bound(completed, settings.Bounds, fillsAbsent: true);
    }

    /// <summary>The request of a change: what it states is bounded, and clearing what is bounded sets it to the bound.</summary>
    internal (FieldReader Fields, ProxyError? Error) Bound(FieldReader fields) => Bound(fields, _settings.Bounds, fillsAbsent: false);

    private static JsonObject Missing(FieldReader fields, KeyDefaults defaults)
    {
        var missing = new JsonObject();
        void Add(string name, JsonNode? value)
        {
            if (value is not null && fields.Presence(name) != FieldPresence.Present) missing[name] = value;
        }

        Add("max_budget", defaults.MaxBudget);
        Add("user_id", defaults.UserId);
        Add("team_id", defaults.TeamId);
        Add("max_parallel_requests", defaults.MaxParallelRequests);
        Add("tpm_limit", defaults.TpmLimit);
        Add("rpm_limit", defaults.RpmLimit);
        Add("budget_duration", defaults.BudgetDuration);
        if (defaults.Models.Count > 0 && fields.IsEmpty("models")) missing["models"] = new JsonArray([.. defaults.Models.Select(model => (JsonNode)model)]);
        if (defaults.Metadata.Length > 2 && fields.IsEmpty("metadata")) missing["metadata"] = JsonNode.Parse(defaults.Metadata);
        return missing;
    }

    private (FieldReader Fields, ProxyError? Error) Bound(FieldReader fields, KeyBounds bounds, bool fillsAbsent)
    {
        // Faults of form are found again, and told, by whoever reads the request afterwards.
        var (read, missing, faults) = (fields.With([]), new JsonObject(), new List<(string Name, string Message)>());
        var now = _time.GetUtcNow();
        void Check<T>(string name, T? bound, JsonNode? bounded, Func<string, T?> value, Func<T, decimal?> size)
            where T : notnull
        {
            if (bound is null) return;

            var presence = fields.Presence(name);
            if (presence == FieldPresence.Null || (presence == FieldPresence.Absent && fillsAbsent)) missing[name] = bounded;
            else if (presence == FieldPresence.Present && value(name) is { } stated && size(stated) > size(bound))
                faults.Add((name, KeyErrors.OverBound(name, stated, bound).Message));
        }

        decimal? Seconds(string duration) => Durations.TryAdd(now, duration, out var end, out _) ? (decimal)(end - now).TotalSeconds : null;
        Check<object>("max_budget", bounds.MaxBudget, bounds.MaxBudget, name => read.Dollars(name), Number);
        Check<object>("max_parallel_requests", bounds.MaxParallelRequests, bounds.MaxParallelRequests, name => read.Count(name), Number);
        Check<object>("tpm_limit", bounds.TpmLimit, bounds.TpmLimit, name => read.Count(name), Number);
        Check<object>("rpm_limit", bounds.RpmLimit, bounds.RpmLimit, name => read.Count(name), Number);
        Check("budget_duration", bounds.BudgetDuration, bounds.BudgetDuration, name => read.Text(name), Seconds);
        Check("duration", bounds.Duration, bounds.Duration, name => read.Text(name), Seconds);
        return (fields.With(missing), faults.Count == 0 ? null : new ProxyError(400, ProxyError.AuthError, string.Join(' ', faults.Select(fault => fault.Message)), faults[0].Name));
    }

    private static decimal? Number(object value) => Convert.ToDecimal(value, CultureInfo.InvariantCulture);
}
