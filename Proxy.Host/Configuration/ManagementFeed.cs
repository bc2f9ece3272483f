using Proxy.Management.Alerts;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Mail;
using Proxy.Management.Teams;

namespace Proxy.Host.Configuration;

/// <summary>Tells Management what proxy.json says about it: at the start, and whenever that changes.</summary>
internal sealed class ManagementFeed(SettingsSource source, ProxyLimits limits, AlertRecipients recipients, MailSender mails, KeyGenerationRules keys, OpenTeams teams) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        source.Changing = Apply;
        Apply(source.Current);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        source.Changing = null;
        return Task.CompletedTask;
    }

    private void Apply(ProxySettings settings)
    {
        limits.Apply(settings.Limits.ToTerms(), settings.Limits.ToZone());
        keys.Apply(settings.Keys);
        teams.Apply(ModelReader.Split(settings.Teams.Available));
        mails.Apply(settings.Mail.ToServer());
        recipients.Apply(settings.Alerts.ToWebhook(), settings.Alerts.ToRecipients(), settings.Alerts.Interval);
    }
}
