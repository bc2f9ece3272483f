using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Management.Resources;

namespace Proxy.Host.Resources;

/// <summary>What a finished call made at its provider, for the commit of its spend.</summary>
internal static class ResourceBook
{
    public static IReadOnlyList<Resource> Of(Exchange exchange)
    {
        if (exchange.Answer.Resources is not { Count: > 0 } made || exchange.Attempt is not { } attempt || exchange.Caller is not { } caller) return [];

        // What was not to be kept can be referred to by nobody, and nothing is kept of what another API than this one was asked.
        var asked = attempt.Translation?.Sent ?? exchange.Operation;
        if (asked == ApiOperation.Response ? !exchange.Request!.IsStored : attempt.Translation is not null) return [];

        var owner = ResourceOwner.Of(caller);
        return [.. made.Distinct().Select(resource => new Resource
        {
            Id = resource.Id,
            Kind = resource.Kind,
            Cluster = attempt.Cluster.Id,
            Destination = attempt.DestinationId,
            Model = exchange.Model ?? "",
            Owner = owner,
            CreatedAt = exchange.StartedAt,
            IsSettled = IsSettled(exchange, resource.Kind),
        })];
    }

    /// <summary>Whether a call about kept things bills what the provider says was used: once, by the call that sees its end.</summary>
    public static bool IsBilled(Exchange exchange) => exchange.Answer is { Usage: not null, IsUnfinished: false } && (exchange.Settled is not null || exchange.Resource?.Path.BeginsRun == true);

    /// <summary>What is settled by the call; null when it is not over yet.</summary>
    public static Resource? SettledBy(Exchange exchange) => exchange.Settled is { } open && IsBilled(exchange) ? open : null;

    private static bool IsSettled(Exchange exchange, string kind) => kind switch
    {
        ResourceKinds.Batch => exchange.Answer is { Usage: not null, IsUnfinished: false },
        ResourceKinds.Run => IsBilled(exchange),
        _ => true,
    };
}
