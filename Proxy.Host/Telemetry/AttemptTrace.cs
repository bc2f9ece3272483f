using System.Diagnostics;
using System.Net.Http.Headers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;

namespace Proxy.Host.Telemetry;

/// <summary>A span for each attempt, below the request's own, which is the call's. Never a prompt, never a key.</summary>
internal static class AttemptTrace
{
    public const string SourceName = "Proxy.Host";

    private const string Parent = "traceparent";
    private const string State = "tracestate";

    private static readonly ActivitySource Source = new(SourceName);

    /// <returns>Null when nobody collects it.</returns>
    public static Activity? Start(Exchange exchange, Deployment deployment)
    {
        if (!Source.HasListeners()) return null;

        var operation = exchange.Operation!.Name;
        var span = Source.StartActivity($"{operation} {exchange.Cluster!.Id}", ActivityKind.Client, exchange.Activity?.Context ?? default);
        span?.SetTag("gen_ai.operation.name", operation);
        span?.SetTag("gen_ai.provider.name", deployment.Provider);
        span?.SetTag("gen_ai.request.model", exchange.Model);
        span?.SetTag("server.address", deployment.Addresses[0].Host);
        return span;
    }

    public static void Stop(Activity span, Attempt attempt)
    {
        span.SetTag("proxy.model_id", attempt.ModelId);
        span.SetTag("gen_ai.response.model", attempt.Answer.Model);
        if (attempt.Answer.Usage is { } usage)
        {
            span.SetTag("gen_ai.usage.input_tokens", usage.TotalInput);
            span.SetTag("gen_ai.usage.output_tokens", usage.TotalOutput);
        }

        if (attempt.Failure is { } failure)
        {
            span.SetTag("error.type", failure.Error.Type);
            span.SetTag("http.response.status_code", failure.Status);
            span.SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }

    /// <summary>Tells the provider which trace the call belongs to: the attempt's span, or what the client said when nobody collects here.</summary>
    public static void Pass(HttpRequestHeaders provider, Attempt attempt, IHeaderDictionary client)
    {
        if (attempt.Span is { } span) Add(provider, span.Id, span.TraceStateString);
        else if (ActivityContext.TryParse(client[Parent], client[State], out _)) Add(provider, client[Parent], client[State]);
    }

    private static void Add(HttpRequestHeaders headers, string? parent, string? state)
    {
        headers.TryAddWithoutValidation(Parent, parent);
        if (!string.IsNullOrEmpty(state)) headers.TryAddWithoutValidation(State, state);
    }
}
