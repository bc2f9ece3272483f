using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Proxy.Host.Exchanges;

namespace Proxy.Host.Answers;

/// <summary>The head of an answer, from the moment that it is the client's.</summary>
internal static class AnswerHead
{
    /// <summary>Names what a translated call said that its provider does not see.</summary>
    private const string DroppedHeader = "x-litellm-dropped-params";

    /// <summary>Of the provider's headers only these reach the client; others name accounts, set cookies, or speak of its connection.</summary>
    private static readonly FrozenSet<string> PassedHeaders =
        new[] { "Retry-After", "retry-after-ms", "x-request-id", "request-id", "openai-processing-ms", "openai-version" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>What a header's value can be made of.</summary>
    private static readonly SearchValues<char> Printable = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code)]);

    private static readonly string[] PassedPrefixes = ["x-ratelimit-", "anthropic-ratelimit-"];

    public static IEnumerable<(string Name, string Value)> Passed(HttpResponseMessage answer)
    {
        foreach (var (name, values) in answer.Headers.NonValidated)
        {
            if (IsPassed(name)) yield return (name, values.ToString());
        }
    }

    /// <summary>Commits the exchange to this answer: from here on there is no other attempt.</summary>
    public static void Commit(HttpContext context, HttpResponseMessage answer)
    {
        var exchange = context.Exchange;
        exchange.Commit();
        var response = context.Response;
        response.StatusCode = exchange.Status = (int)answer.StatusCode;
        foreach (var (name, value) in Passed(answer)) Set(response, name, value);
        if (answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type)) Set(response, "Content-Type", type.ToString());
        Tell(response, exchange);
        CallerHeaders.Show(response, exchange);
    }

    /// <summary>Where the call went, under the names that LiteLLM's clients know.</summary>
    public static void Tell(HttpResponse response, Exchange exchange)
    {
        if (exchange.Attempts.Count == 0 && exchange.Attempt is null) return;

        var headers = response.Headers;
        if (exchange.Attempt is { } attempt)
        {
            headers["x-litellm-model-id"] = Ascii(attempt.ModelId);
            if (attempt.Translation?.Losses.Dropped is { Count: > 0 } dropped) headers[DroppedHeader] = string.Join(", ", dropped.Select(Ascii));
        }

        headers["x-litellm-model-group"] = Ascii(exchange.Model ?? "");
        headers["x-litellm-attempted-retries"] = exchange.Retries.ToString(CultureInfo.InvariantCulture);
        headers["x-litellm-max-fallbacks"] = exchange.Settings.Routing.MaxFallbacks.ToString(CultureInfo.InvariantCulture);
        if ((exchange.Request?.Routing.Timeout ?? exchange.Cluster?.Timeouts.Whole) is { } timeout && timeout != Timeout.InfiniteTimeSpan)
            headers["x-litellm-timeout"] = timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        headers["x-litellm-attempted-fallbacks"] = exchange.Fallbacks.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>How long the call took until now, and how long of that the gateway itself: always of one and the same moment.</summary>
    public static void TellDuration(HttpResponse response, Exchange exchange, DateTimeOffset now)
    {
        var duration = now - exchange.StartedAt;
        response.Headers["x-litellm-response-duration-ms"] = Milliseconds(duration);
        response.Headers["x-litellm-overhead-duration-ms"] = Milliseconds(duration - exchange.ProviderTime);
    }

    private static string Milliseconds(TimeSpan duration) => duration.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A header that this server cannot send is left out: it is no reason to lose an answer that was paid for.</summary>
    public static void Set(HttpResponse response, string name, string value)
    {
        if (!value.AsSpan().ContainsAnyExcept(Printable)) response.Headers[name] = value;
    }

    /// <summary>Undoes what an attempt did to a response that has not begun.</summary>
    public static void Reset(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        context.Features.Set<Yarp.ReverseProxy.Forwarder.IForwarderErrorFeature>(null);
    }

    private static bool IsPassed(string name)
    {
        foreach (var prefix in PassedPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return PassedHeaders.Contains(name);
    }

    /// <summary>A name that a header cannot carry is told in escapes.</summary>
    private static string Ascii(string name) => !name.AsSpan().ContainsAnyExcept(Printable) ? name : Uri.EscapeDataString(name).Replace("%2F", "/");
}
