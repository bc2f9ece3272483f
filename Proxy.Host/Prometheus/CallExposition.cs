using Proxy.Management.Access;

namespace Proxy.Host.Prometheus;

/// <summary>Writes the figures of calls under the names and labels that LiteLLM's dashboards ask for.</summary>
internal sealed class CallExposition(CallFigures figures)
{
    private const string Other = "other";

    private static readonly Label[] OtherCalls =
    [
        new("end_user", Other), new("hashed_api_key", Other), new("api_key_alias", Other), new("requested_model", Other), new("model", Other),
        new("team", Other), new("team_alias", Other), new("user", Other),
    ];

    public async Task WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        await WriteOutcomesAsync(text, cancellationToken);
        await WriteCallsAsync(text, cancellationToken);
        text.Family("litellm_in_flight_requests", "gauge", "Calls under way.");
        text.Sample("litellm_in_flight_requests", [], figures.Open);
    }

    private async Task WriteOutcomesAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        const string Total = "litellm_proxy_total_requests_metric_total";
        const string Failed = "litellm_proxy_failed_requests_metric_total";
        var all = figures.Outcomes.All.Select(series => (series.Key, Labels: LabelsOf(series.Key.Call, series.Value.Caller), series.Value)).ToList();
        if (figures.Outcomes.Overflow is { } overflow) all.Add((new OutcomeKey(default, Other, 0, Other), OtherCalls, overflow));

        text.Family(Total, "counter", "Calls, by how they ended.");
        foreach (var (key, labels, series) in all)
        {
            text.Sample(Total, PrometheusText.Labels([.. Ended(key, labels), new("status_code", Status(key))]), series.Calls);
            await text.GiveWayAsync(cancellationToken);
        }

        text.Family(Failed, "counter", "Calls that failed or were refused.");
        foreach (var (key, labels, series) in all.Where(series => series.Key.Error is not null))
        {
            text.Sample(Failed, PrometheusText.Labels([.. Ended(key, labels), new("exception_status", Status(key)), new("exception_class", key.Error)]), series.Calls);
            await text.GiveWayAsync(cancellationToken);
        }
    }

    private static IEnumerable<Label> Ended(OutcomeKey key, IReadOnlyList<Label> labels) => [.. labels.Where(label => label.Name != "model"), new("route", key.Route)];

    private static string Status(OutcomeKey key) => key.Status == 0 ? Other : key.Status.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task WriteCallsAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        var all = figures.Calls.All.Select(series => (Labels: PrometheusText.Labels(LabelsOf(series.Key, series.Value.Caller)), series.Value)).ToList();
        if (figures.Calls.Overflow is { } overflow) all.Add((PrometheusText.Labels(OtherCalls), overflow));

        async Task CountAsync(string name, string help, Func<CallSeries, double> value)
        {
            text.Family(name, "counter", help);
            foreach (var (labels, series) in all)
            {
                text.Sample(name, labels, value(series));
                await text.GiveWayAsync(cancellationToken);
            }
        }

        // Nothing of a series in which nothing was observed: time to the first token, where nobody asks for streams.
        async Task SpreadAsync(string name, string help, Func<CallSeries, Buckets> value)
        {
            text.Family(name, "histogram", help);
            foreach (var (labels, series) in all.Where(series => !value(series.Value).IsEmpty))
            {
                text.Histogram(name, labels, value(series));
                await text.GiveWayAsync(cancellationToken);
            }
        }

        await CountAsync("litellm_requests_metric_total", "Calls.", series => series.Calls);
        await CountAsync("litellm_spend_metric_total", "Dollars spent.", series => (double)series.Cost);
        await CountAsync("litellm_total_tokens_metric_total", "Tokens in and out.", series => series.InputTokens + series.OutputTokens);
        await CountAsync("litellm_input_tokens_metric_total", "Tokens in.", series => series.InputTokens);
        await CountAsync("litellm_output_tokens_metric_total", "Tokens out.", series => series.OutputTokens);
        await SpreadAsync("litellm_request_total_latency_metric", "Seconds of calls, from their first byte to their recorded end.", series => series.Total);
        await SpreadAsync("litellm_llm_api_latency_metric", "Seconds that providers took of calls.", series => series.Provider);
        await SpreadAsync("litellm_llm_api_time_to_first_token_metric", "Seconds to the first byte of streams.", series => series.FirstToken);
        await SpreadAsync("litellm_overhead_latency_metric", "Seconds that the gateway itself took of calls.", series => series.Overhead);
    }

    private static Label[] LabelsOf(CallKey key, Caller? caller) =>
    [
        new("end_user", key.EndUser),
        new("hashed_api_key", key.Key?.ToString()),
        new("api_key_alias", caller?.KeyAlias),
        new("requested_model", key.Model),
        new("model", key.UpstreamModel),
        new("team", caller?.TeamId),
        new("team_alias", caller?.TeamAlias),
        new("user", caller?.UserId),
    ];
}
