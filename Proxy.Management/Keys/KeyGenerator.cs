using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>Decides whether a key may be made. A host application registers as many as it likes; all of them must allow it.</summary>
public interface IKeyGenerationPolicy
{
    ValueTask<KeyGenerationDecision> DecideAsync(KeyGenerationRequest request, CancellationToken cancellationToken);
}

/// <summary>A key that somebody wants.</summary>
/// <param name="Caller">Who asks for it.</param>
/// <param name="Body">The fields of the request as they were sent, without a key that the caller has chosen.</param>
public sealed record KeyGenerationRequest(Caller Caller, JsonElement Body);

/// <param name="IsAllowed">Whether the key is made.</param>
/// <param name="Message">Why it is not.</param>
public sealed record KeyGenerationDecision(bool IsAllowed, string? Message = null);

/// <summary>Makes keys, in this order: policies, defaults, upper bounds, the form of the fields, what must be stated, who may make it, the row.</summary>
internal sealed class KeyGenerator(
    KeyChanges changes, KeyGenerationRules rules, IEnumerable<IKeyGenerationPolicy> policies, BudgetCalendar calendar, TimeProvider time)
{
    private const string ServiceAccountField = "service_account_id";

    /// <returns>The plain key and its row, or why there is none.</returns>
    public Task<(string Key, KeyRecord? Record, ProxyError? Error)> GenerateAsync(FieldReader asked, Caller caller, CancellationToken cancellationToken) =>
        GenerateAsync(asked, caller, fixedFields: [], cancellationToken);

    /// <summary>As the other, for a key that belongs to a team and to no user.</summary>
    public async Task<(string Key, KeyRecord? Record, ProxyError? Error)> GenerateServiceAccountAsync(
        FieldReader asked, Caller caller, CancellationToken cancellationToken)
    {
        var read = asked.With([]);
        read.RequiredText("team_id");
        var metadata = read.Object("metadata") is { } stated ? JsonObject.Create(stated)! : [];
        var alias = read.Text("key_alias");
        read.Text("user_id"); // of no account; but what is no text is a mistake all the same
        if (read.Error is { } fault) return ("", null, fault);

        if (metadata[ServiceAccountField] is null) metadata[ServiceAccountField] = alias ?? Guid.NewGuid().ToString();
        return await GenerateAsync(asked, caller, new JsonObject { ["metadata"] = metadata, ["user_id"] = null }, cancellationToken);
    }

    private async Task<(string Key, KeyRecord? Record, ProxyError? Error)> GenerateAsync(
        FieldReader asked, Caller caller, JsonObject fixedFields, CancellationToken cancellationToken)
    {
        var (request, wrong) = await PrepareAsync(asked, caller, fixedFields, cancellationToken);
        wrong ??= rules.FindMissing(asked, caller, request!.Record.Identity.TeamId is not null);
        if (wrong is not null) return ("", null, wrong);

        var (record, error) = await changes.CreateAsync(request!.Record, caller, asked.Names, cancellationToken);
        return (request.Key, record, error);
    }

    /// <summary>All of it but the row, for whoever makes more than the key.</summary>
    public Task<(KeyRequest? Request, ProxyError? Error)> PrepareAsync(FieldReader asked, Caller caller, CancellationToken cancellationToken) =>
        PrepareAsync(asked, caller, fixedFields: [], cancellationToken);

    private async Task<(KeyRequest? Request, ProxyError? Error)> PrepareAsync(
        FieldReader asked, Caller caller, JsonObject fixedFields, CancellationToken cancellationToken)
    {
        foreach (var policy in policies)
        {
            var decision = await policy.DecideAsync(new KeyGenerationRequest(caller, asked.Without("key")), cancellationToken);
            if (!decision.IsAllowed) return (null, KeyErrors.NotAllowed(decision.Message));
        }

        var (completed, overBound) = rules.Complete(asked);
        if (!caller.IsProxyAdmin && completed.Presence("user_id") != FieldPresence.Present && !fixedFields.ContainsKey("user_id")) fixedFields = new JsonObject { ["user_id"] = caller.UserId };
        var fields = completed.With(fixedFields);
        var (request, fault) = KeyRequest.Read(fields, calendar, caller, time.GetUtcNow());
        return (fault ?? overBound) is { } wrong ? (null, wrong) : (request, null);
    }
}
