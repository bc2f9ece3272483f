using Proxy.Host.Configuration;
using Proxy.Host.Translation;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>Prices as calls are billed by them, for whoever asks before.</summary>
internal sealed class CallPrices(SettingsSource settings) : ICallPrices
{
    public decimal? CostOf(string model, TokenUsage usage)
    {
        var current = settings.Current;
        if (current.Models.Find(model) is not { } match) return current.Prices.FindPrice(model) is { } known ? Sum(known.CostOf(usage)) : null;

        decimal? most = null;
        foreach (var (id, deployment) in match.Cluster.Deployments)
        {
            if (current.Prices.FindPrice($"{match.Cluster.Id}/{id}", deployment.UpstreamModel(match), match.Model) is { } price)
                most = Math.Max(most ?? 0, Sum(price.CostOf(usage)));
        }

        return most;
    }

    public ProxyError? FindRefusal(Caller caller, string model) =>
        caller.FindModelRefusal(model, settings.Current.AccessGroups.Of(settings.Current.Models.Find(model)?.Cluster.Id));

    public long EstimateTokens(ReadOnlySpan<byte> json) => TokenEstimate.Of(json);

    private static decimal Sum((decimal Input, decimal Output) cost) => cost.Input + cost.Output;
}
