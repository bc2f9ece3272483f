using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Host.Requests;

namespace Proxy.Host.Recording;

/// <summary>What a call may come to, before it is sent.</summary>
/// <remarks>Dollars are a bound, as far as there is one: the call's own bound of its output, or the model's, at the price of the dearest
/// deployment. Tokens are what is usual.</remarks>
internal static class Estimate
{
    /// <summary>The usual length of a token, where the provider does not count for us.</summary>
    private const int BytesPerToken = 4;

    /// <summary>The usual count of a second that is heard.</summary>
    private const int TokensPerSecond = 10;

    /// <summary>Beyond it a sum of many estimates could leave 64 bits.</summary>
    private const decimal MostDollars = 1000;

    /// <param name="exchange">The call.</param>
    /// <param name="target">Where it goes, or may go on to.</param>
    /// <returns>No cost when none of the deployments has a price.</returns>
    public static (decimal? Cost, long Tokens) Of(Exchange exchange, ModelMatch target)
    {
        var (request, operation, cluster) = (exchange.Request!, exchange.Operation!, target.Cluster);
        var input = Tokens(InputBytes(request)) + HeardTokens(exchange);
        var (most, mostTokens) = ((decimal?)null, input);
        foreach (var (id, deployment) in cluster.Deployments)
        {
            var price = exchange.Settings.Prices.FindPrice($"{cluster.Id}/{id}", deployment.UpstreamModel(target), target.Model);
            var modelsMost = price?.MaxOutputTokens;
            if (operation.IsGenerating) mostTokens = Math.Max(mostTokens, input + request.Bounds.UsualOf(operation, modelsMost));
            if (price is null) continue;

            var output = operation.IsGenerating ? request.Bounds.MostOf(operation, modelsMost) : 0;
            most = Math.Max(most ?? 0, Math.Min(price.MostOf(input, output, request.ServiceTier), MostDollars));
        }

        return (most, mostTokens);
    }

    /// <summary>What a recording counts for.</summary>
    public static long HeardTokens(Exchange exchange) =>
        exchange.Request!.Form is { } form ? (long)((exchange.Answer.HeardSeconds ?? form.HeardSeconds) * TokensPerSecond) : 0;

    public static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    /// <summary>What is asked, without the fields that only steer.</summary>
    public static long InputBytes(CompletionRequest request)
    {
        if (request.Form is { } form) return form.InputBytes;

        long bytes = 0;
        foreach (var field in request.Fields)
        {
            if (field.Kind == FieldKind.Input) bytes += field.ValueEnd - field.ValueStart;
        }

        return bytes;
    }
}
