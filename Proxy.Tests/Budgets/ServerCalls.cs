using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Tests.Management;

namespace Proxy.Tests.Budgets;

/// <summary>Calls of a key, as the gateway makes them: admitted, and recorded with what they cost.</summary>
internal static class ServerCalls
{
    public static async Task<(Reservation? Reservation, ProxyError? Error)> ReserveAsync(this ManagementServer server, string key, params string[] tags)
    {
        var state = await server.Services.GetRequiredService<KeyRing>().FindAsync(KeyHash.Of(key));
        return await server.Services.GetRequiredService<Cashier>().ReserveAsync(state!.Caller, new CallEstimate(["m"], 0, 0, null, tags), default);
    }

    public static async Task SpendAsync(this ManagementServer server, string key, decimal cost, params string[] tags)
    {
        var (reservation, error) = await server.ReserveAsync(key, tags);
        error.Should().BeNull();
        await server.Services.GetRequiredService<SpendLedger>().RecordAsync(
            new SpendEntry
            {
                CallId = Guid.NewGuid(),
                CallType = "acompletion",
                KeyHash = KeyHash.Of(key),
                Tags = tags,
                Model = "m",
                Outcome = SpendOutcome.Success,
                StatusCode = 200,
                Cost = cost,
                StartedAt = server.Time.GetUtcNow(),
                EndedAt = server.Time.GetUtcNow(),
            },
            null,
            reservation);
    }
}
