using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Proxy.Management.Budgets;
using Proxy.Management.Mail;

namespace Proxy.Management.Alerts;

/// <summary>Who is told of alerts: a webhook, addresses of mail, both or nobody.</summary>
public sealed partial class AlertRecipients
{
    /// <summary>About a day, at one look in ten seconds; then an alert is old news.</summary>
    private const int MaxAttempts = 8640;

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>An answer that leads elsewhere is a refusal: the operator named this address.</summary>
    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = RequestTimeout };

    private readonly ILogger<AlertRecipients> _logger;
    private volatile Uri? _webhook;
    private volatile IReadOnlyList<string> _mailTo = [];

    internal AlertRecipients(ILogger<AlertRecipients> logger) => _logger = logger;

    /// <summary>Where alerts go from now on; with neither a webhook nor an address they wait for a webhook.</summary>
    /// <param name="webhook">An absolute address, or null.</param>
    /// <param name="mailTo">Addresses of mail, for which <see cref="MailText.IsAddress"/> holds.</param>
    /// <param name="interval">How often waiting alerts are looked for.</param>
    public void Apply(Uri? webhook, IReadOnlyList<string> mailTo, TimeSpan interval) => (_webhook, _mailTo, Interval) = (webhook, mailTo, interval);

    /// <summary>How often waiting alerts are looked for.</summary>
    internal TimeSpan Interval { get; private set; } = TimeSpan.FromSeconds(10);

    internal IReadOnlyList<string> MailTo => _mailTo;

    internal bool HasWebhook => _webhook is not null;

    /// <summary>Whether the mails are all that anybody is told.</summary>
    internal bool IsMailAlone => _webhook is null && _mailTo.Count > 0;

    /// <summary>Tells the webhook of an alert that was tried so often before.</summary>
    internal async Task<AlertAttempt> TryAsync(JsonObject alert, long attempts, CancellationToken cancellationToken) =>
        await PostAsync(alert, cancellationToken) ? AlertAttempt.Delivered
        : attempts + 1 >= MaxAttempts ? AlertAttempt.GivenUp
        : AlertAttempt.Waits;

    private async Task<bool> PostAsync(JsonObject alert, CancellationToken cancellationToken)
    {
        if (_webhook is not { } webhook) return false;

        try
        {
            using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(alert, AccountJson.Default.JsonObject));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await Client.PostAsync(webhook, content, cancellationToken);
            if (response.IsSuccessStatusCode) return true;

            LogRefused((int)response.StatusCode);
            return false;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogUnreachable(exception.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The webhook of alerts answered with status {Status}; the alert waits.")]
    private partial void LogRefused(int status);

    [LoggerMessage(LogLevel.Warning, "The webhook of alerts cannot be reached; the alert waits. {Reason}")]
    private partial void LogUnreachable(string reason);
}

/// <summary>What came of telling a webhook.</summary>
internal enum AlertAttempt
{
    Waits,
    Delivered,

    /// <summary>Refused for a day; then an alert is old news.</summary>
    GivenUp,
}
