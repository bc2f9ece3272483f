using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Spend;

/// <summary><c>POST /utils/token_counter</c>: about how many tokens a prompt has. It is the estimate that budgets are held by, and says so.</summary>
internal static class TokenCounterEndpoint
{
    private const string Tokenizer = "estimate";

    public static void MapTokenCounterEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/utils/token_counter", AccessRule.OwnerOrAdmin, CountAsync);

    private static async Task<IResult> CountAsync(HttpContext context, ICallPrices prices, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var model = fields!.RequiredText("model");
        var prompt = fields.List("messages") ?? fields.Element("prompt");
        if (prompt is null && fields.Error is null) fields.Fault("messages", "Either 'messages' or 'prompt' is required.");
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (prices.FindRefusal(context.ManagementCaller, model!) is { } refusal) return new ErrorResult(refusal);

        var tokens = prices.EstimateTokens(Encoding.UTF8.GetBytes(prompt!.Value.GetRawText()));
        return TypedResults.Json(new CountedTokens(tokens, model!, model!, Tokenizer), TokenCounterJson.Default.CountedTokens);
    }
}

internal sealed record CountedTokens(long TotalTokens, string RequestModel, string ModelUsed, string TokenizerType);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CountedTokens))]
internal sealed partial class TokenCounterJson : JsonSerializerContext;
