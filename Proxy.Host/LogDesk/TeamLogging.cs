using System.Text.Json.Nodes;
using Proxy.Host.Configuration;
using Proxy.Host.Recording;
using Proxy.Logging;
using Proxy.Management.Callbacks;
using Proxy.Management.Keys;
using Proxy.Management.Teams;

namespace Proxy.Host.LogDesk;

/// <summary>Answers for the log where Management asks: it knows callbacks, and the log knows targets.</summary>
internal sealed class TeamLogging(LogOperations operations, SettingsSource settings) : ILogging
{
    public JsonObject EffectOf(TeamIdentity team) => Show(LogResolution.RulesOf(null, team, settings.Current.Logging));

    public JsonObject EffectOf(KeyIdentity key, TeamIdentity? team) => Show(LogResolution.RulesOf(key, team, settings.Current.Logging));

    public IReadOnlyList<TeamCallback> CallbacksOf(KeyIdentity key, TeamIdentity? team) =>
        [.. LogResolution.RulesOf(key, team, settings.Current.Logging).Lines.Select(line => line.Callback)];

    public async Task<CallbackTest> TestAsync(TeamCallback callback, CancellationToken cancellationToken)
    {
        if (CallbackTargets.Find(callback) is not { } target) return new CallbackTest(false, $"The callback '{callback.Name}' leads nowhere.");

        var result = await operations.TestAsync(target, cancellationToken);
        return new CallbackTest(result.IsHealthy, result.Details) { IsReached = result.IsReached, AreCredentialsAccepted = result.AreCredentialsAccepted };
    }

    public Task<long> PurgeAsync(string teamId, CancellationToken cancellationToken) => operations.PurgeOwnerAsync(teamId, cancellationToken);

    private JsonObject Show(LogRules rules) => new()
    {
        ["level"] = rules.Level,
        ["targets"] = new JsonArray([.. rules.Lines.Select(line => (JsonNode)new JsonObject
        {
            ["callback_name"] = line.Callback.Name,
            ["host"] = line.Target.Host.IsFile ? "file" : line.Target.Host.Authority,
            ["public_key"] = line.Target.PublicKey,
            ["success"] = line.Callback.IsForSuccess,
            ["failure"] = line.Callback.IsForFailure,
            ["redacted"] = line.IsRedacted,
        })]),
        ["tags"] = new JsonArray([.. rules.Tags.Select(tag => (JsonNode)tag)]),
        ["attempts"] = rules.TellsAttempts,
        ["at_limit"] = (rules.AtLimit ?? settings.Current.CompletionLog.LimitPolicy) switch
        {
            LimitPolicy.RefuseCalls => "refuse-calls",
            LimitPolicy.DropOldest => "drop-oldest",
            _ => "shed-bodies",
        },
    };
}
