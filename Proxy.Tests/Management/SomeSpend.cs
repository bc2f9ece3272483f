using Proxy.Management.Spend;

namespace Proxy.Tests.Management;

/// <summary>Calls for the book, of which only the cost matters.</summary>
internal static class SomeSpend
{
    public static SpendEntry Entry(decimal cost) => new()
    {
        CallId = Guid.CreateVersion7(),
        CallType = "acompletion",
        Model = "gpt-4o",
        Outcome = SpendOutcome.Success,
        StatusCode = 200,
        Cost = cost,
        StartedAt = DateTimeOffset.UnixEpoch,
        EndedAt = DateTimeOffset.UnixEpoch,
    };
}
