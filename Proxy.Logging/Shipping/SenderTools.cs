using Microsoft.Extensions.Options;
using Proxy.Logging.Langfuse;
using Proxy.Logging.Outbox;

namespace Proxy.Logging.Shipping;

/// <summary>What all senders share.</summary>
internal sealed class SenderTools(
    OutboxStore store,
    OutboxTargets targets,
    LangfuseClient client,
    RetryPipelines retries,
    CompletionLogMetrics metrics,
    IOptionsMonitor<CompletionLogOptions> options)
{
    public OutboxStore Store { get; } = store;

    public OutboxTargets Targets { get; } = targets;

    public LangfuseClient Client { get; } = client;

    public RetryPipelines Retries { get; } = retries;

    public CompletionLogMetrics Metrics { get; } = metrics;

    public CompletionLogOptions Options => options.CurrentValue;
}
