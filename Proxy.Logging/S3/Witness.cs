namespace Proxy.Logging.S3;

/// <summary>Sees what really came back, which the exceptions of Amazon's client tell in many ways.</summary>
internal sealed class Witness(HttpMessageHandler connections) : HttpMessageHandler
{
    // The connections are everybody's, and stay when this goes.
    private readonly HttpMessageInvoker _connections = new(connections, disposeHandler: false);

    public HttpResponseMessage? Answer { get; private set; }

    public Exception? Failure { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Answer = await _connections.SendAsync(request, cancellationToken);
        }
        catch (Exception exception)
        {
            Failure = exception;
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _connections.Dispose();
        base.Dispose(disposing);
    }
}
