using System.Collections.Concurrent;

namespace Proxy.Management.Invitations;

/// <summary>How many invitations an address gets: whoever may make keys for others must not be able to flood them.</summary>
internal sealed class InvitationLimit(TimeProvider time)
{
    internal const int MostInAnHour = 10;

    private const int SweepAt = 10_000;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, (DateTimeOffset Since, int Count)> _sent = new(StringComparer.OrdinalIgnoreCase);

    /// <returns>False when the address has had enough.</returns>
    public bool TryTake(string address)
    {
        var now = time.GetUtcNow();
        if (_sent.Count >= SweepAt)
        {
            foreach (var old in _sent.Where(entry => entry.Value.Since + Hour <= now)) _sent.TryRemove(old);
        }

        return _sent.AddOrUpdate(
            address, _ => (now, 1), (_, sent) => sent.Since + Hour <= now ? (now, 1) : (sent.Since, sent.Count + 1)).Count <= MostInAnHour;
    }
}
