using System.Diagnostics;
using System.Diagnostics.Metrics;
using Proxy.Host.Exchanges;
using Proxy.Host.Prometheus;
using Proxy.Host.Recording;

namespace Proxy.Host.Telemetry;

/// <summary>What the gateway tells about calls in numbers, under the names of the GenAI conventions where they have one.</summary>
/// <remarks>Labels are bounded: the cluster, not the model's name, which a client chooses.</remarks>
internal sealed class ExchangeMetrics
{
    public const string MeterName = "Proxy.Host";

    // The bounds that the conventions advise; for the gateway itself its own.
    private static readonly InstrumentAdvice<double> OfCalls =
        new() { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] };

    private static readonly InstrumentAdvice<double> OfFirstTokens =
        new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] };

    private static readonly InstrumentAdvice<double> OfGateway = new() { HistogramBucketBoundaries = BucketScale.OfGateway.Bounds };

    private static readonly InstrumentAdvice<long> OfTokens =
        new() { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] };

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _operation;
    private readonly Histogram<double> _overhead;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<long> _tokens;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _unpriced;

    public ExchangeMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _duration = meter.CreateHistogram("gen_ai.server.request.duration", "s", "From the first byte of a call to its recorded end.", advice: OfCalls);
        _operation = meter.CreateHistogram("gen_ai.client.operation.duration", "s", "How long providers took of a call.", advice: OfCalls);
        _overhead = meter.CreateHistogram("proxy.overhead.duration", "s", "How long the gateway itself took of a call.", advice: OfGateway);
        _firstToken = meter.CreateHistogram("gen_ai.server.time_to_first_token", "s", "From the first byte of a call to the first byte of its answer.", advice: OfFirstTokens);
        _tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens of a call.", advice: OfTokens);
        _cost = meter.CreateCounter<double>("proxy.cost", "{USD}", "What calls cost.");
        _unpriced = meter.CreateCounter<long>("proxy.unpriced", "{call}", "Calls of models that have no price.");
    }

    public void Count(Exchange exchange, Bill bill)
    {
        Annotate(exchange, bill);
        if (!_duration.Enabled && !_tokens.Enabled && !_cost.Enabled && !_unpriced.Enabled) return;

        var tags = new TagList
        {
            { "gen_ai.operation.name", exchange.Operation?.Name ?? "none" },
            { "gen_ai.request.model", exchange.Cluster?.Id ?? "none" },
            { "gen_ai.provider.name", exchange.Attempt?.Deployment.Provider ?? "none" },
            { "outcome", exchange.Outcome.ToString() },
        };
        if (exchange.Failure is { } failure) tags.Add("error.type", failure.Type);
        var (duration, provider) = (exchange.EndedAt - exchange.StartedAt, exchange.ProviderTime);
        _duration.Record(duration.TotalSeconds, tags);
        if (exchange.Attempts.Count > 0)
        {
            _operation.Record(provider.TotalSeconds, tags);
            _overhead.Record((duration - provider).TotalSeconds, tags);
        }

        if (exchange.FirstByteAt is { } first) _firstToken.Record((first - exchange.StartedAt).TotalSeconds, tags);
        if (bill.IsUnpriced) _unpriced.Add(1, tags);
        if (bill.Cost > 0) _cost.Add((double)bill.Cost, tags);
        if (bill.Usage.Total == 0) return;

        _tokens.Record(bill.Usage.TotalInput, [.. tags, new("gen_ai.token.type", "input")]);
        _tokens.Record(bill.Usage.TotalOutput, [.. tags, new("gen_ai.token.type", "output")]);
    }

    /// <summary>The request's span, if somebody collects it. Never a prompt, never a key.</summary>
    private static void Annotate(Exchange exchange, Bill bill)
    {
        if (exchange.Activity is not { IsAllDataRequested: true } span) return;

        span.SetTag("gen_ai.operation.name", exchange.Operation?.Name);
        span.SetTag("gen_ai.request.model", exchange.Model);
        span.SetTag("gen_ai.response.model", exchange.Answer.Model);
        span.SetTag("gen_ai.provider.name", exchange.Attempt?.Deployment.Provider);
        span.SetTag("proxy.cost", (double)bill.Cost);
        span.SetTag("gen_ai.usage.input_tokens", bill.Usage.TotalInput);
        span.SetTag("gen_ai.usage.output_tokens", bill.Usage.TotalOutput);
        span.SetTag("proxy.call_id", exchange.Id.ToString());
        span.SetTag("proxy.team_id", exchange.Team?.Current.TeamId);
        span.SetTag("proxy.outcome", exchange.Outcome.ToString());
        span.SetTag("error.type", exchange.Failure?.Type);
    }
}
