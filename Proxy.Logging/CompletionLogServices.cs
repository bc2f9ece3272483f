using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Proxy.Logging.Langfuse;
using Proxy.Logging.Outbox;
using Proxy.Logging.Shipping;

namespace Proxy.Logging;

public static class CompletionLogServices
{
    /// <summary>
    /// Adds the log of finished calls. Needs an <see cref="IOutboxDatabase"/> whose tables exist when the host starts, data protection
    /// and a <see cref="TimeProvider"/>. Options are for the host to set.
    /// </summary>
    public static IServiceCollection AddCompletionLog(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddOptionsWithValidateOnStart<CompletionLogOptions, CompletionLogOptionsValidator>();
        services.AddSingleton<CompletionLogMetrics>();
        services.AddSingleton<OutboxTargets>();
        services.AddSingleton<OutboxStore>();
        services.AddSingleton<LangfuseClient>();
        services.AddSingleton<RetryPipelines>();
        services.AddSingleton<SenderTools>();
        services.AddSingleton<OutboxShipper>();
        services.AddHostedService(provider => provider.GetRequiredService<OutboxShipper>());
        services.AddSingleton(provider => new CompletionLog(
            provider.GetRequiredService<OutboxTargets>(),
            provider.GetRequiredService<OutboxShipper>(),
            provider.GetRequiredService<IOptionsMonitor<CompletionLogOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
