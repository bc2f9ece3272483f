using Microsoft.Extensions.DependencyInjection;
using Proxy.Logging.GoogleStorage;
using Proxy.Logging.Http;
using Proxy.Logging.JsonLines;
using Proxy.Logging.Langfuse;
using Proxy.Logging.OpenTelemetry;
using Proxy.Logging.Outbox;
using Proxy.Logging.S3;
using Proxy.Logging.Shipping;
using Proxy.Logging.Webhook;

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
        services.AddSingleton<OutboxJournal>();
        services.AddSingleton<MoveGuard>();
        services.AddSingleton<OutboxStore>();
        services.AddSingleton<OutboxSurvey>();
        services.AddSingleton<OutboxWriter>();
        services.AddSingleton<DeadLetterStore>();
        services.AddSingleton<OutboxBudget>();
        services.AddSingleton<OutboxCensus>();
        services.AddSingleton<KnownPlaces>();
        services.AddSingleton<LogHttp>();
        services.AddSingleton<LangfuseServers>();
        services.AddSingleton<GoogleTokens>();
        services.AddSingleton<ILogDestination, LangfuseDestination>();
        services.AddSingleton<ILogDestination, WebhookDestination>();
        services.AddSingleton<ILogDestination, JsonLinesDestination>();
        services.AddSingleton<ILogDestination, CollectorDestination>();
        services.AddSingleton<ILogDestination, S3Destination>();
        services.AddSingleton<ILogDestination, BucketDestination>();
        services.AddSingleton<LogDestinations>();
        services.AddSingleton<RetryPipelines>();
        services.AddSingleton<HostPauses>();
        services.AddSingleton<HandoverRoom>();
        services.AddSingleton<SenderPatience>();
        services.AddSingleton<SenderTools>();
        services.AddSingleton<TargetTest>();
        services.AddSingleton<OutboxShipper>();
        services.AddSingleton<OutboxJanitor>();
        services.AddHostedService(provider => provider.GetRequiredService<OutboxShipper>());
        services.AddHostedService(provider => provider.GetRequiredService<OutboxJanitor>());
        services.AddSingleton(provider => new CompletionLog(
            provider.GetRequiredService<OutboxShipper>(), provider.GetRequiredService<SenderTools>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new LogOperations(
            provider.GetRequiredService<OutboxShipper>(),
            provider.GetRequiredService<SenderTools>(),
            provider.GetRequiredService<DeadLetterStore>(),
            provider.GetRequiredService<TargetTest>()));
        return services;
    }
}
