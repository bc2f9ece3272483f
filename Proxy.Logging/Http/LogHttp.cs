using System.Text;
using Microsoft.Extensions.Options;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.Http;

/// <summary>The requests of all senders, over one connection pool for hosts that an admin has named and one for all others.</summary>
internal sealed class LogHttp : IDisposable
{
    private const int KeptAnswerChars = 1024;

    // Most answers are a word; one of the old batch names each event.
    private const int UsualAnswerBytes = 1024;

    private readonly TimeProvider _time;
    private readonly IOptionsMonitor<CompletionLogOptions> _options;
    private readonly SocketsHttpHandler _trusted;
    private readonly SocketsHttpHandler _others;

    public LogHttp(KnownPlaces places, TimeProvider time, IOptionsMonitor<CompletionLogOptions> options)
    {
        (_time, _options) = (time, options);
        _trusted = Create(new AddressRules(isTrusted: true, static () => "") { Connected = places.Connected });
        _others = Create(new AddressRules(isTrusted: false, () => options.CurrentValue.AllowedHosts) { Connected = places.Connected });
    }

    /// <summary>One attempt. A failure of the network is an answer too, save the end of <paramref name="abort"/>.</summary>
    public Task<HttpAnswer> SendAsync(LogTarget target, HttpRequestMessage request, CancellationToken abort, int maxAnswerBytes = 16 * 1024) => SendAsync(
        target,
        async (connections, token) =>
        {
            using var invoker = new HttpMessageInvoker(connections, disposeHandler: false);
            using var response = await invoker.SendAsync(request, token);
            return new((int)response.StatusCode, RetryAfter(response), await ReadAnswerAsync(response, maxAnswerBytes, token));
        },
        abort);

    /// <summary>As the other, for a client that makes its own requests over our connections; within the same time.</summary>
    public async Task<HttpAnswer> SendAsync(LogTarget target, Func<HttpMessageHandler, CancellationToken, Task<HttpAnswer>> attempt, CancellationToken abort)
    {
        var answer = await TryAsync(attempt, target.IsTrusted ? _trusted : _others, abort);

        // The answer may come on the thread that watches sockets. What follows reads rows and compresses them, and would hold up all calls there.
        await Task.Yield();
        return answer;
    }

    public void Dispose()
    {
        _trusted.Dispose();
        _others.Dispose();
    }

    public TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };

    private async Task<HttpAnswer> TryAsync(Func<HttpMessageHandler, CancellationToken, Task<HttpAnswer>> attempt, HttpMessageHandler connections, CancellationToken abort)
    {
        using var timer = new CancellationTokenSource(_options.CurrentValue.RequestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, abort);
        try
        {
            var answer = await attempt(connections, either.Token);
            abort.ThrowIfCancellationRequested();
            return answer;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            abort.ThrowIfCancellationRequested();
            return new(0, null, default) { Failure = exception };
        }
    }

    private static SocketsHttpHandler Create(AddressRules rules) => new()
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        ConnectCallback = rules.ConnectAsync,

        // A redirect would carry prompts to a place that nobody named; a caller's trace is none of the target's business.
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
    };

    /// <remarks>An answer that breaks off does not matter where the status alone decides. It may be HTML, or endless.</remarks>
    private static async Task<ReadOnlyMemory<byte>> ReadAnswerAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[UsualAnswerBytes];
        var length = 0;
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                length += await body.ReadAtLeastAsync(buffer.AsMemory(length), buffer.Length - length, throwOnEndOfStream: false, cancellationToken);
                if (length < buffer.Length || length >= maxBytes) break;

                Array.Resize(ref buffer, Math.Min(buffer.Length * 4, maxBytes));
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
        }

        return buffer.AsMemory(0, length);
    }

    /// <summary>What a request came to.</summary>
    internal readonly record struct HttpAnswer(int Status, TimeSpan? RetryAfter, ReadOnlyMemory<byte> Body)
    {
        public Exception? Failure { get; init; }

        public bool IsSuccess => Status is >= 200 and < 300;

        public DeliveryVerdict VerdictOf(int records) => Failure is not null
            ? DeliveryVerdict.Of(Failure)
            : DeliveryVerdict.Of(Status, RetryAfter, records, IsSuccess ? "" : Text());

        private string Text()
        {
            var text = Encoding.UTF8.GetString(Body.Span).Replace('\0', ' ');
            return text.Length <= KeptAnswerChars ? text : text[..KeptAnswerChars];
        }
    }
}
