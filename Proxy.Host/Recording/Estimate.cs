using System.Text.Json;
using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Host.Translation;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

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

    /// <summary>The text of a second of speech, at the most.</summary>
    private const int SpokenBytesPerSecond = 40;

    /// <summary>What is held for a model that is hired by time.</summary>
    private const decimal UsualSeconds = 60;

    /// <summary>Beyond it a sum of many estimates could leave 64 bits.</summary>
    private const decimal MostDollars = 1000;

    /// <param name="exchange">The call.</param>
    /// <param name="target">Where it goes, or may go on to.</param>
    /// <returns>No cost when none of the deployments has a price, or one has none and such calls are refused.</returns>
    public static (decimal? Cost, long Tokens) Of(Exchange exchange, ModelMatch target)
    {
        var (request, operation, cluster) = (exchange.Request!, exchange.Operation!, target.Cluster);
        var text = InputTokens(request);
        var input = text + HeardTokens(exchange);
        var mostHeard = (long)((request.Form?.MostHeardSeconds ?? 0) * TokensPerSecond);
        var (most, mostTokens) = ((decimal?)null, input);
        var pictures = operation.IsPicture ? Pictures.Of(request, null) : (Pictures?)null;
        foreach (var (id, deployment) in cluster.Deployments)
        {
            var (modelId, upstream) = ($"{cluster.Id}/{id}", deployment.UpstreamModel(target));
            var price = pictures is { } sized
                ? sized.FindPrice(exchange.Settings.Prices, modelId, upstream, target.Model)
                : exchange.Settings.Prices.FindPrice(modelId, upstream, target.Model);
            var modelsMost = price?.MaxOutputTokens;
            if (operation.IsGenerating) mostTokens = Math.Max(mostTokens, input + request.Bounds.UsualOf(operation, deployment.Dialect, modelsMost));
            if (price is null && exchange.Settings.RefusesUnpriced) return (null, mostTokens);
            if (price is null) continue;

            var output = operation.IsGenerating ? request.Bounds.MostOf(operation, deployment.Dialect, modelsMost) : 0;
            var usage = new TokenUsage(text, 0, 0, output, 0) { AudioInput = mostHeard, Queries = operation == ApiOperation.Rerank ? 1 : 0 };
            if (pictures is { } made) usage = made.Bill(usage, price);
            if (price.Has(PriceKind.Character)) usage = usage with { Characters = InputCharacters(request), OutputCharacters = output * BytesPerToken };
            if (price.Has(PriceKind.Second)) usage = usage with { Seconds = request.Form is { MostHeardSeconds: > 0 and var heard } ? heard : UsualSeconds };
            most = Math.Max(most ?? 0, Math.Min(price.MostOf(usage, request.ServiceTier), MostDollars));
        }

        return (most, mostTokens);
    }

    /// <summary>What is asked, as far as it is tokens: not the bound that is held, but what a provider may be taken to count.</summary>
    public static TokenUsage Prompt(Exchange exchange)
    {
        var request = exchange.Request!;
        var input = InputTokens(request);
        foreach (var field in request.Fields)
        {
            if (field.Kind == FieldKind.Input) input -= TokenEstimate.SurplusIn(request.ValueOf(field));
        }

        return new TokenUsage { Input = input, AudioInput = HeardTokens(exchange) };
    }

    /// <summary>What a recording counts for.</summary>
    public static long HeardTokens(Exchange exchange) => (long)(HeardSeconds(exchange) * TokensPerSecond);

    /// <summary>As long as the provider says; else as long as the file looks, and no shorter than it takes to say so much.</summary>
    public static decimal HeardSeconds(Exchange exchange) => exchange.Request!.HeardSeconds is not (> 0 and var looks) ? 0
        : exchange.Answer.HeardSeconds ?? Math.Max(looks, (decimal)exchange.Answer.OutputBytes / SpokenBytesPerSecond);

    /// <summary>The characters of what is asked: of the text, or of all texts of a conversation.</summary>
    public static long InputCharacters(CompletionRequest request)
    {
        long characters = 0;
        foreach (var field in request.Fields)
        {
            if (field.Kind != FieldKind.Input) continue;

            var reader = new Utf8JsonReader(request.ValueOf(field));
            var isText = true;
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName) isText = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("text"u8);
                else if (reader.TokenType == JsonTokenType.String && isText) characters += reader.GetString()!.EnumerateRunes().Count();
            }
        }

        return characters;
    }

    public static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    /// <summary>What is asked, without the fields that only steer.</summary>
    private static long InputTokens(CompletionRequest request)
    {
        if (request.Form is { } form) return Tokens(form.InputBytes);

        var (bytes, counted) = (0L, 0L);
        foreach (var field in request.Fields)
        {
            if (field.Kind != FieldKind.Input) continue;

            if (TokenEstimate.CountIn(request.ValueOf(field)) is { } tokens) counted += tokens;
            else bytes += field.ValueEnd - field.ValueStart;
        }

        return counted + Tokens(bytes);
    }
}
