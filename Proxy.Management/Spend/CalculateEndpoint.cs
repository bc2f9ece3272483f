using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Spend;

/// <summary>What calls cost. The host knows; this room only asks.</summary>
public interface ICallPrices
{
    /// <summary>What tokens of a model cost, in dollars, where it is dearest; null when no price is known for it.</summary>
    decimal? CostOf(string model, TokenUsage usage);

    /// <returns>Why the caller may not use the model, or null.</returns>
    ProxyError? FindRefusal(Caller caller, string model);

    /// <summary>About how many tokens a prompt has that is written so.</summary>
    /// <param name="json">Valid JSON in UTF-8.</param>
    long EstimateTokens(ReadOnlySpan<byte> json);
}

/// <summary><c>POST /spend/calculate</c>: what a prompt would cost, or what an answer has. Nothing is recorded.</summary>
internal static class CalculateEndpoint
{
    private const long MostTokens = 1_000_000_000_000;

    public static void MapCalculateEndpoint(this IEndpointRouteBuilder routes) => routes.MapPost("/spend/calculate", AccessRule.OwnerOrAdmin, CalculateAsync);

    private static async Task<IResult> CalculateAsync(HttpContext context, ICallPrices prices, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (model, usage) = fields!.Object("completion_response") is { } answer ? ReadAnswer(fields, new FieldReader(answer)) : ReadPrompt(fields, prices);
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (prices.FindRefusal(context.ManagementCaller, model!) is { } refusal) return new ErrorResult(refusal);

        return prices.CostOf(model!, usage) is { } cost
            ? TypedResults.Json(new CalculatedCost(cost), CalculateJson.Default.CalculatedCost)
            : new ErrorResult(ProxyError.BadRequest("No price is known for this model.", "model"));
    }

    private static (string? Model, TokenUsage Usage) ReadPrompt(FieldReader fields, ICallPrices prices)
    {
        var model = fields.RequiredText("model");
        if (fields.List("messages") is { } messages)
            return (model, new TokenUsage(prices.EstimateTokens(Encoding.UTF8.GetBytes(messages.GetRawText())), 0, 0, 0, 0));

        if (fields.Error is null) fields.Fault("messages", "Either 'messages' or 'completion_response' is required.");
        return (model, default);
    }

    /// <summary>The tokens of an answer as OpenAI writes them, where those from the cache are counted among all of the prompt.</summary>
    private static (string? Model, TokenUsage Usage) ReadAnswer(FieldReader fields, FieldReader answer)
    {
        const string Field = "completion_response";
        var model = answer.Text("model") ?? fields.RequiredText("model");
        if (answer.Object("usage") is not { } usage)
        {
            fields.Fault(Field, answer.Error?.Message ?? $"'{Field}' must have a 'usage'.");
            return (model, default);
        }

        var tokens = new FieldReader(usage);
        var (prompt, completion) = (tokens.Count("prompt_tokens") ?? 0, tokens.Count("completion_tokens") ?? 0);
        var cached = tokens.Object("prompt_tokens_details") is { } details ? CachedOf(new FieldReader(details), fields) : 0;
        if (tokens.Error is { } fault) fields.Fault(Field, fault.Message);
        if (prompt > MostTokens || completion > MostTokens) fields.FaultInValue(Field, $"'{Field}' must not have more than {MostTokens} tokens.");
        if (cached > prompt) fields.FaultInValue(Field, $"'{Field}' has more tokens from the cache than in the prompt.");
        return (model, new TokenUsage(prompt - cached, cached, 0, completion, 0));
    }

    private static long CachedOf(FieldReader details, FieldReader fields)
    {
        var cached = details.Count("cached_tokens") ?? 0;
        if (details.Error is { } fault) fields.Fault("completion_response", fault.Message);
        return cached;
    }
}

internal sealed record CalculatedCost(decimal Cost);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CalculatedCost))]
internal sealed partial class CalculateJson : JsonSerializerContext;
