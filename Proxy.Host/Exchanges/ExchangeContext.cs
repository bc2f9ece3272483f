namespace Proxy.Host.Exchanges;

/// <summary>The exchange travels in the request's features.</summary>
internal static class ExchangeContext
{
    extension(HttpContext context)
    {
        /// <summary>The exchange that this request is. Reached outside the pipeline it throws, and so refuses what was never admitted.</summary>
        public Exchange Exchange => context.Features.Get<Exchange>()
            ?? throw new InvalidOperationException("The request is not an exchange: it did not come through the proxy's pipeline.");
    }
}
