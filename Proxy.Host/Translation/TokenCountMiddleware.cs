using System.Globalization;
using System.Text;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Management.Spend;

namespace Proxy.Host.Translation;

/// <summary>
/// Answers <c>count_tokens</c> where no provider of the model counts: by an estimate, which a header names as such. Clients that ask before each
/// turn whether it still fits could not work otherwise.
/// </summary>
internal sealed class TokenCountMiddleware(RequestDelegate next, ExchangeRecorder recorder)
{
    public const string EstimateHeader = "x-litellm-token-count";

    public Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        return exchange.Operation != ApiOperation.CountTokens || exchange.Cluster!.Serves(exchange.Operation) ? next(context) : AnswerAsync(context, exchange);
    }

    private async Task AnswerAsync(HttpContext context, Exchange exchange)
    {
        var count = TokenEstimate.Of(exchange.Request!.Body.Span);
        if (!await recorder.TryCloseAsync(exchange))
        {
            exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
            return;
        }

        var body = Encoding.UTF8.GetBytes($$"""{"input_tokens":{{count.ToString(CultureInfo.InvariantCulture)}}}""");
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers[EstimateHeader] = "estimated";
        CallerHeaders.Show(context.Response, exchange);
        await context.Response.Body.WriteAsync(body, exchange.ClientLeft);
    }
}
