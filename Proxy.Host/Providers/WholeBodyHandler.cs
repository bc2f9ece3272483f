using Proxy.Host.Requests;

namespace Proxy.Host.Providers;

/// <summary>Sends the body that an attempt was given, in one piece with its head.</summary>
/// <remarks>YARP's own content sends the head first, for bodies that are still coming, and takes no other in its place; so it is exchanged behind it.</remarks>
internal sealed class WholeBodyHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    public static readonly HttpRequestOptionsKey<OutgoingBody> Body = new("proxy.body");

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Options.TryGetValue(Body, out var body)) request.Content = body;
        return base.SendAsync(request, cancellationToken);
    }
}
