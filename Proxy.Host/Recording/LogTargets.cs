using System.Runtime.CompilerServices;
using Proxy.Host.Exchanges;
using Proxy.Logging.Records;
using Proxy.Management.Callbacks;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>Which projects a call is logged in: the key's own, else its team's, else none. Disabled wins over everything.</summary>
internal sealed class LogTargets
{
    private readonly ConditionalWeakTable<IReadOnlyList<TeamCallback>, Resolved> _resolved = [];

    public IReadOnlyList<LogTarget> Of(Exchange exchange)
    {
        if (exchange.Caller?.Key?.Current is not { } key || exchange.Caller.Team?.Current is { IsLoggingDisabled: true } || key.IsLoggingDisabled) return [];

        var callbacks = key.Callbacks.Count > 0 ? key.Callbacks : exchange.Caller.Team?.Current.Callbacks ?? [];
        if (callbacks.Count == 0) return [];

        // Callbacks are replaced, never changed, so what they resolve to stays with them.
        var resolved = _resolved.GetValue(callbacks, static list => new Resolved(list));
        return exchange.Outcome is SpendOutcome.Success or SpendOutcome.Aborted ? resolved.ForSuccess : resolved.ForFailure;
    }

    private sealed class Resolved(IReadOnlyList<TeamCallback> callbacks)
    {
        public IReadOnlyList<LogTarget> ForSuccess { get; } = Targets(callbacks.Where(callback => callback.IsForSuccess));

        public IReadOnlyList<LogTarget> ForFailure { get; } = Targets(callbacks.Where(callback => callback.IsForFailure));

        /// <summary>One project that two entries name gets a call once.</summary>
        private static LogTarget[] Targets(IEnumerable<TeamCallback> callbacks) => [.. callbacks
            .Select(LangfuseProject.Find)
            .OfType<LangfuseProject>()
            .Select(project => new LogTarget(new Uri(project.Host), project.PublicKey, project.SecretKey) { IsTrusted = true })
            .Distinct()];
    }
}
