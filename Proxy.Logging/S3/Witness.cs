namespace Proxy.Logging.S3;

/// <summary>Sees what really came back, which the exceptions of Amazon's client tell in many ways.</summary>
internal sealed class Witness : DelegatingHandler
{
    public Witness(HttpMessageHandler connections) => InnerHandler = connections;

    public HttpResponseMessage? Answer { get; private set; }

    public Exception? Failure { get; private set; }

    /// <remarks>The connections are everybody's.</remarks>
    protected override void Dispose(bool disposing)
    {
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Answer = await base.SendAsync(request, cancellationToken);
        }
        catch (Exception exception)
        {
            Failure = exception;
            throw;
        }
    }
}
