using System.Diagnostics.Metrics;
using Proxy.Host.Configuration;
using Proxy.Host.Providers.Demo;
using Yarp.ReverseProxy.Forwarder;

namespace Proxy.Host.Providers;

/// <summary>YARP's factory, for clients that talk to providers.</summary>
internal sealed class ProviderHttpClientFactory(IMeterFactory meters, ILogger<ForwarderHttpClientFactory> logger) : ForwarderHttpClientFactory(logger)
{
    protected override bool CanReuseOldClient(ForwarderHttpClientContext context) =>
        base.CanReuseOldClient(context) && IsInProcess(context.NewMetadata) == IsInProcess(context.OldMetadata);

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);

        // The client's trace is not the provider's business, and looking for one costs on every call.
        handler.ActivityHeadersPropagator = null;
        handler.MeterFactory = meters;

        // Providers move; a connection that is never closed would never ask the name server again.
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
    }

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
        new WholeBodyHandler(IsInProcess(context.NewMetadata) ? new DemoHandler(handler) : handler);

    private static bool IsInProcess(IReadOnlyDictionary<string, string>? metadata) => metadata?.ContainsKey(ClusterPreparation.InProcessKey) == true;
}
