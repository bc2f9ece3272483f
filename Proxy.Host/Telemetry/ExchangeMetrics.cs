using System.Diagnostics;
using System.Diagnostics.Metrics;
using Proxy.Host.Exchanges;
using Proxy.Host.Recording;

namespace Proxy.Host.Telemetry;

/// <summary>What the gateway tells about calls in numbers, under the names of the GenAI conventions where they have one.</summary>
/// <remarks>Labels are bounded: the cluster, not the model's name, which a client chooses.</remarks>
internal sealed class ExchangeMetrics
{
    public const string MeterName = "Proxy.Host";

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<long> _tokens;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _unpriced;

    public ExchangeMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _duration = meter.CreateHistogram<double>("gen_ai.server.request.duration", "s", "From the first byte of a call to its recorded end.");
        _firstToken = meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s", "From the first byte of a call to the first byte of its answer.");
        _tokens = meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens of a call.");
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
            { "outcome", exchange.Outcome.ToString() },
        };
        _duration.Record((exchange.EndedAt - exchange.StartedAt).TotalSeconds, tags);
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
        span.SetTag("gen_ai.usage.input_tokens", bill.Usage.TotalInput);
        span.SetTag("gen_ai.usage.output_tokens", bill.Usage.TotalOutput);
        span.SetTag("proxy.call_id", exchange.Id.ToString());
        span.SetTag("proxy.team_id", exchange.Caller?.TeamId);
        span.SetTag("proxy.outcome", exchange.Outcome.ToString());
        span.SetTag("error.type", exchange.Failure?.Type);
    }
}
