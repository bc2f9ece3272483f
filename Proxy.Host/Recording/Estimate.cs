using Proxy.Host.Exchanges;
using Proxy.Host.Requests;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>What a call may come to, before it is sent: its bytes as input, its own bound as output, the dearest deployment's price.</summary>
internal static class Estimate
{
    /// <summary>The usual length of a token, where the provider does not count for us.</summary>
    private const int BytesPerToken = 4;

    /// <summary>Beyond it a sum of many estimates could leave 64 bits.</summary>
    private const decimal MostDollars = 1000;

    /// <returns>No cost when none of the deployments has a price.</returns>
    public static (decimal? Cost, long Tokens) Of(Exchange exchange)
    {
        var request = exchange.Request!;
        var input = Tokens(InputBytes(request));
        var (most, mostTokens) = ((decimal?)null, input);
        var cluster = exchange.Cluster!;
        foreach (var (id, deployment) in cluster.Deployments)
        {
            var price = exchange.Settings.Prices.FindPrice(
                $"{cluster.Id}/{id}", deployment.UpstreamModel(exchange.Target!), request.Model);
            var output = exchange.Operation!.IsGenerating ? request.Bounds.TokensOf(price?.MaxOutputTokens) : 0;
            mostTokens = Math.Max(mostTokens, input + output);
            if (price is null) continue;

            var (inputCost, outputCost) = price.CostOf(new TokenUsage(input, 0, 0, output, 0), request.ServiceTier);
            most = Math.Max(most ?? 0, Math.Min(inputCost + outputCost, MostDollars));
        }

        return (most, mostTokens);
    }

    public static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    /// <summary>What is asked, without the fields that only steer.</summary>
    public static long InputBytes(CompletionRequest request)
    {
        long bytes = 0;
        foreach (var field in request.Fields)
        {
            if (field.Kind == FieldKind.Input) bytes += field.ValueEnd - field.ValueStart;
        }

        return bytes;
    }
}
