using Proxy.Logging;
using Proxy.Management.Alerts;

namespace Proxy.Host.Recording;

/// <summary>Hands what senders say of their targets to whoever tells the operator.</summary>
internal sealed class TargetWatch(TargetAlerts alerts) : ITargetWatch
{
    public void Parked(ParkedTarget parked) => alerts.Raise(new TargetAlert
    {
        TargetId = parked.Id,
        Kind = parked.Target?.Kind,
        Host = parked.Target?.Host.Authority,
        Name = parked.Target?.PublicKey,
        Reason = parked.Reason,
        Since = parked.Since.ToUnixTimeMilliseconds(),
    });

    public void Answered(string targetId) => alerts.Close(targetId);
}
