using System.Net;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Probing;

/// <summary>Asks a provider for its list of models, with our credential: it shows whether both are well, and costs nothing.</summary>
internal sealed class ProbeRequestFactory(TimeProvider time) : IProbingRequestFactory
{
    public HttpRequestMessage CreateRequest(ClusterModel cluster, DestinationModel destination)
    {
        var config = destination.Config;
        var deployment = Deployment.Read(config, static _ => { })
            ?? throw new InvalidOperationException("The destination's settings cannot be used.");
        var path = cluster.Config.HealthCheck?.Active?.Path;
        var address = path is null ? deployment.Dialect.ProbeOf(config.Address, deployment.ApiVersion) : new Uri(new Uri(config.Health ?? config.Address), path);

        var request = new HttpRequestMessage(HttpMethod.Get, address)
        {
            Version = cluster.Config.HttpRequest?.Version ?? HttpVersion.Version20,
            VersionPolicy = cluster.Config.HttpRequest?.VersionPolicy ?? HttpVersionPolicy.RequestVersionOrLower,
        };
        deployment.Dialect.Dress(request.Headers, deployment, ApiOperation.Chat, new HeaderDictionary());
        deployment.Dialect.Sign(request, body: null, deployment, time.GetUtcNow());
        return request;
    }
}
