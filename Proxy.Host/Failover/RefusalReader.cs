using System.Globalization;
using System.Text;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Management.Errors;

namespace Proxy.Host.Failover;

/// <summary>Reads a provider's refusal whole, and what it says about trying again.</summary>
internal static class RefusalReader
{
    private const int MaxBytes = 256 * 1024;
    private const double MaxMilliseconds = 24 * 60 * 60 * 1000;

    private static readonly string[] ContextWindowWords =
        ["context_length_exceeded", "maximum context length", "context window", "prompt is too long", "input is too long", "string_above_max_length", "too many tokens"];

    private static readonly string[] ContentPolicyWords =
        ["content_policy_violation", "content_filter", "ResponsibleAIPolicyViolation", "content management policy"];

    public static async Task<AttemptFailure> ReadAsync(HttpResponseMessage answer, Stream body, Exchange exchange, DateTimeOffset now)
    {
        var status = (int)answer.StatusCode;
        var retryAfter = RetryAfter(answer, now);
        if (status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden)
        {
            // It means the gateway's credential, not the client's, and providers quote the credential in it.
            return new AttemptFailure(FailureKind.Misplaced, ExchangeErrors.ProviderRefusesCredential) { Status = status };
        }

        var bytes = await ReadBodyAsync(body, exchange.Attempt!.Timer);
        if (status < 400) return new AttemptFailure(FailureKind.Transient, ExchangeErrors.NoAnswer(status)) { Status = status };
        if (bytes is null) return new AttemptFailure(FailureKind.Transient, ExchangeErrors.ProviderBroke) { Status = status, RetryAfter = retryAfter };

        SecretMask.Apply(bytes, exchange.Attempt.Deployment.Secret.Span);
        exchange.ProviderApi.TryReadAnswer(bytes, exchange.Answer);
        var message = exchange.Answer.ErrorMessage ?? $"The provider answered with status {status}.";
        return new AttemptFailure(KindOf(status, Encoding.UTF8.GetString(bytes)), new ProxyError(status, ExchangeErrors.UpstreamError, message))
        {
            Status = status,
            RetryAfter = retryAfter,
            Answer = exchange.Attempt.Translation is { } translation
                ? new ProviderRefusal(status, "application/json", [.. AnswerHead.Passed(answer)], translation.WriteRefusal(status, bytes, message))
                : new ProviderRefusal(status, answer.Content.Headers.ContentType?.ToString(), [.. AnswerHead.Passed(answer)], bytes),
        };
    }

    /// <summary>An answer that came to nothing after its head said that it was one; it may name the status with which it would have been refused.</summary>
    public static AttemptFailure OfAnswer(AnswerEnd end, Exchange exchange)
    {
        var answer = exchange.Answer;
        var status = end == AnswerEnd.Failed ? answer.ErrorStatus : null;
        return new AttemptFailure(status is { } known ? KindOf(known, answer.ErrorMessage ?? "") : FailureKind.Transient, ExchangeErrors.Of(end, exchange)) { Status = status };
    }

    private static FailureKind KindOf(int status, string text)
    {
        // 424 is a model behind the provider that failed.
        if (status is 408 or 409 or 424 or 429 or >= 500) return FailureKind.Transient;
        if (status == StatusCodes.Status404NotFound) return FailureKind.Misplaced;

        if (status is 400 or 413 or 422 && Holds(text, ContextWindowWords)) return FailureKind.ContextWindow;
        return status == 400 && Holds(text, ContentPolicyWords) ? FailureKind.ContentPolicy : FailureKind.ClientFault;
    }

    private static bool Holds(string text, string[] words) => Array.Exists(words, word => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <returns>Null when it did not come whole, or is too long to be a refusal.</returns>
    private static async Task<byte[]?> ReadBodyAsync(Stream body, AttemptTimer timer)
    {
        using var kept = new MemoryStream();
        var piece = new byte[4096];
        try
        {
            // The clock of the first byte goes on: who refuses has no reason to take its time.
            while (await body.ReadAsync(piece, timer.Token) is > 0 and var read)
            {
                if (kept.Length + read > MaxBytes) return null;
                kept.Write(piece, 0, read);
            }

            return kept.ToArray();
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception))
        {
            return null;
        }
    }

    /// <summary>How long the provider wants to be left alone: in thousandths of a second where it says that, as OpenAI and Azure do, else in seconds or until a moment.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage answer, DateTimeOffset now)
    {
        if (answer.Headers.NonValidated.TryGetValues("retry-after-ms", out var text)
            && double.TryParse(text.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds is > 0 and < MaxMilliseconds)
            return TimeSpan.FromMilliseconds(milliseconds);

        var after = answer.Headers.RetryAfter?.Delta ?? (answer.Headers.RetryAfter?.Date is { } date ? date - now : null);
        return after > TimeSpan.Zero ? after : null;
    }
}
