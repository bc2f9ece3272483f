namespace Proxy.Host.Hedging;

/// <summary>
/// Sends a call to a second destination when the first is slow to answer, and takes the answer that begins first. It stands below YARP, which
/// sees one request and one answer: so there is one response to write to, and nothing of the other ever reaches it.
/// </summary>
internal sealed class HedgeHandler(HttpMessageHandler inner, TimeProvider time) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.Options.TryGetValue(Hedge.Key, out var hedge) ? RaceAsync(hedge, request, cancellationToken) : base.SendAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> RaceAsync(Hedge hedge, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var first = new HedgeLane(token => base.SendAsync(request, token), time, cancellationToken);
        using (var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            await Task.WhenAny(first.Over, Task.Delay(hedge.Delay, time, waiting.Token));
            await waiting.CancelAsync();
        }

        if (first.Over.IsCompleted || hedge.Begin(request) is not { } message) return await first.TakeAsync();

        using var second = new HedgeLane(token => base.SendAsync(message, token), time, cancellationToken);
        var isSecond = await IsSecondAheadAsync(first, second);
        var (taken, other) = isSecond ? (second, first) : (first, second);
        await other.GiveUpAsync();
        await hedge.TakeAsync(isSecond, other);
        return await taken.TakeAsync();
    }

    /// <summary>Whose first byte comes first; a failure is no answer while the other may give one. When both fail, the first one's cause counts.</summary>
    private static async Task<bool> IsSecondAheadAsync(HedgeLane first, HedgeLane second)
    {
        await Task.WhenAny(first.Over, second.Over);
        if (first.IsGood) return false;
        if (second.IsGood) return true;

        await (first.Over.IsCompleted ? second.Over : first.Over);
        return second.IsGood && !first.IsGood;
    }
}
