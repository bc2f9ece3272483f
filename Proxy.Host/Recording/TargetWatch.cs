using Proxy.Host.Configuration;
using Proxy.Logging;
using Proxy.Management.Alerts;

namespace Proxy.Host.Recording;

/// <summary>Hands what senders say of their targets to whoever tells the operator, and adds who logs there.</summary>
internal sealed class TargetWatch(TargetAlerts alerts, LogTargets targets, SettingsSource settings) : ITargetWatch
{
    public void Parked(ParkedTarget parked)
    {
        // Said each minute: who logs there is worked out only where somebody will be told.
        if (!alerts.IsDue(parked.Id)) return;

        alerts.Raise(new TargetAlert
        {
            TargetId = parked.Id,
            Kind = parked.Target?.Kind,
            Host = parked.Target?.Host.Authority,
            Name = parked.Target?.PublicKey,
            Reason = parked.Reason,
            Since = parked.Since.ToUnixTimeMilliseconds(),
            Waiting = parked.Waiting,
            Teams = parked.Target is { } target ? targets.TeamsAt(target, settings.Current.Logging) : [],
        });
    }

    public void Answered(string targetId) => alerts.Close(targetId);
}
