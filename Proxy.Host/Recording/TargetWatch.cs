using Proxy.Logging;
using Proxy.Management.Alerts;

namespace Proxy.Host.Recording;

/// <summary>Hands what senders say of their targets to whoever tells the operator.</summary>
internal sealed class TargetWatch(TargetAlerts alerts) : ITargetWatch
{
    public void Parked(ParkedTarget target) => alerts.Raise(new TargetAlert
    {
        TargetId = target.Id,
        Kind = target.Kind,
        Host = target.Host,
        Name = target.Name,
        Reason = target.Reason,
        Since = target.Since.ToUnixTimeMilliseconds(),
    });

    public void Answered(string targetId) => alerts.Close(targetId);
}
