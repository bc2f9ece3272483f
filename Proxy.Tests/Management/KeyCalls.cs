using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Spend;

namespace Proxy.Tests.Management;

/// <summary>Calls to models as the gateway makes them of the management rooms: authenticate, reserve, record.</summary>
internal static class KeyCalls
{
    public const string Model = "gpt-4o";

    public static async Task<Authentication> AuthenticateAsync(this ManagementServer server, string key) =>
        await server.Services.GetRequiredService<Authenticator>().AuthenticateAsync(
            new HeaderDictionary { ["Authorization"] = $"Bearer {key}" }, CancellationToken.None);

    /// <returns>What the call holds, or why it is refused.</returns>
    public static async Task<(Caller? Caller, Reservation? Reservation, ProxyError? Error)> BeginCallAsync(
        this ManagementServer server, string key, string model = Model)
    {
        var (caller, error) = await server.AuthenticateAsync(key);
        if (error is not null) return (null, null, error);

        var (reservation, refusal) = await server.Services.GetRequiredService<Cashier>().ReserveAsync(caller!, new CallEstimate([model], 0, 10, null, []), CancellationToken.None);
        return (caller, reservation, refusal);
    }

    public static Task EndCallAsync(this ManagementServer server, Caller caller, Reservation reservation, decimal cost)
    {
        var now = server.Time.GetUtcNow();
        var entry = new SpendEntry
        {
            CallId = Guid.CreateVersion7(now),
            CallType = "acompletion",
            KeyHash = caller.KeyHash,
            UserId = caller.UserId,
            TeamId = caller.TeamId,
            Model = Model,
            Outcome = SpendOutcome.Success,
            StatusCode = 200,
            Cost = cost,
            StartedAt = now,
            EndedAt = now,
        };
        return server.Services.GetRequiredService<SpendLedger>().RecordAsync(entry, null, reservation);
    }

    /// <summary>A whole call.</summary>
    /// <returns>Why it was refused, or null.</returns>
    public static async Task<ProxyError?> CallAsync(this ManagementServer server, string key, decimal cost = 0, string model = Model)
    {
        var (caller, reservation, error) = await server.BeginCallAsync(key, model);
        if (error is null) await server.EndCallAsync(caller!, reservation!, cost);
        return error;
    }

    public static string HashOf(string key) => KeyHash.Of(key).ToString();
}
