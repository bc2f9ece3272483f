using System.Net.WebSockets;
using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Realtime;

/// <summary>
/// Two sockets, and what goes between them, message by message. A response's end is held back until it is recorded; a session that ends otherwise
/// than by its client says why in one error event.
/// </summary>
/// <remarks>A receive that is cancelled breaks its socket. So only the provider's is ever cancelled, and the client's ends when its socket does.</remarks>
internal sealed class RealtimeSession(WebSocket client, WebSocket provider, Exchange exchange, AttemptTimer timer, RealtimeTurns turns, RealtimeTranscripts transcripts, TimeProvider time) : IDisposable
{
    /// <summary>How long the other side may take to say goodbye.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _sending = new(1);
    private volatile bool _isClientGone;

    public async Task RunAsync()
    {
        var up = UpAsync();
        var down = DownAsync();
        var end = await (await Task.WhenAny(up, down));
        if (up.IsCompleted && !down.IsCompleted) await LeaveProviderAsync(down);
        provider.Abort();

        // What a broken response sent is billed as far as it is known.
        var broken = end.Outcome == SpendOutcome.Aborted ? SpendOutcome.Aborted : SpendOutcome.Incomplete;
        await turns.RecordOpenAsync(broken);
        await transcripts.CloseAsync(broken);

        if (end.Error is { } error) exchange.Fail(error, end.Outcome);
        else exchange.Outcome = end.Outcome;
        await LeaveClientAsync(end, up);
    }

    public void Dispose() => _sending.Dispose();

    private async Task<RealtimeEnd> DownAsync()
    {
        using var message = new SocketMessage(provider, exchange.Settings.Requests.MaxBodyBytes);
        try
        {
            while (await message.ReadAsync(timer.Token))
            {
                timer.Restart();
                if (message.IsTooLong) return RealtimeEnd.ProviderBroke;

                SecretMask.Apply(message.Memory.Span, exchange.Attempt!.Deployment.Secret.Span);
                if (await PassAsync(message) is { } end) return end;
                if (_isClientGone && !turns.IsOpen) return RealtimeEnd.ClientLeft;
            }

            return RealtimeEnd.Closed(provider.CloseStatus);
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) || exception is WebSocketException)
        {
            if (exchange.Stopping.IsCancellationRequested) return RealtimeEnd.Stopping;
            return timer.Token.IsCancellationRequested ? RealtimeEnd.Idle : RealtimeEnd.ProviderBroke;
        }
    }

    private async ValueTask<RealtimeEnd?> PassAsync(SocketMessage message)
    {
        var notice = RealtimeEvents.Peek(message.Memory);
        var kind = notice.Kind;
        if (turns.Note(notice) is { } answer) RealtimeEvents.Read(message.Memory, notice, answer);
        if (kind == RealtimeEvent.Done && !await turns.RecordAsync(notice.Response, SpendOutcome.Success)) return RealtimeEnd.NotRecorded;
        if (!await transcripts.NoteAsync(kind, message.Memory)) return RealtimeEnd.NotRecorded;
        if (!_isClientGone && await SendAsync(message.Memory, message.Type) is { } end) return end;

        return await HoldNextAsync(kind) is { } refusal ? RealtimeEnd.Refused(refusal) : null;
    }

    private ValueTask<ProxyError?> HoldNextAsync(RealtimeEvent kind) => kind switch
    {
        RealtimeEvent.Done or RealtimeEvent.Begun => turns.HoldAsync(timer.Token),
        RealtimeEvent.Transcript or RealtimeEvent.Session => transcripts.HoldNextAsync(timer.Token),
        _ => default,
    };

    private async Task<RealtimeEnd> UpAsync()
    {
        using var message = new SocketMessage(client, exchange.Settings.Requests.MaxBodyBytes);
        try
        {
            while (await message.ReadAsync(CancellationToken.None))
            {
                timer.Restart();
                if (message.IsTooLong) return RealtimeEnd.TooLong;

                var fault = RealtimeRequest.Check(message.Memory, exchange.Request!.Model, exchange.Attempt!.UpstreamModel, out var asked)
                    ?? await transcripts.AskAsync(asked, timer.Token) ?? await turns.AskAsync(asked, timer.Token);
                if (fault is not null)
                {
                    // An event that is refused does not end the session, as at the provider.
                    if (await SendAsync(RealtimeEvents.Error(fault), WebSocketMessageType.Text) is { } end) return end;
                }
                else
                {
                    await provider.SendAsync(asked.Rewritten.IsEmpty ? message.Memory : asked.Rewritten, message.Type, endOfMessage: true, timer.Token);
                }
            }

            return RealtimeEnd.ClientClosed;
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) || exception is WebSocketException)
        {
            // A provider that does not take it any more: its own end says why.
            return client.State is WebSocketState.Open ? RealtimeEnd.ProviderBroke : RealtimeEnd.ClientLeft;
        }
    }

    /// <returns>Null when it is sent.</returns>
    private async ValueTask<RealtimeEnd?> SendAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type)
    {
        await _sending.WaitAsync();
        try
        {
            var sent = client.SendAsync(message, type, endOfMessage: true, CancellationToken.None);
            if (!sent.IsCompletedSuccessfully) await sent.AsTask().WaitAsync(exchange.Settings.Requests.ReaderTimeout, time);
            return null;
        }
        catch (TimeoutException)
        {
            client.Abort();
            return RealtimeEnd.ReaderStalled;
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) || exception is WebSocketException)
        {
            return RealtimeEnd.ClientLeft;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The client is gone. What the provider is about to answer is ended, so that it says what that cost.</summary>
    private async Task LeaveProviderAsync(Task down)
    {
        _isClientGone = true;
        try
        {
            if (turns.IsOpen) await provider.SendAsync(RealtimeEvents.Cancel, WebSocketMessageType.Text, endOfMessage: true, timer.Token);
            else await provider.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timer.Token);
            await down.WaitAsync(Grace, time);
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) || exception is WebSocketException or TimeoutException)
        {
            // It is aborted now; what it did not say is estimated.
            provider.Abort();
            await down;
        }
    }

    private async Task LeaveClientAsync(RealtimeEnd end, Task up)
    {
        if (end.Error is { } error && client.State == WebSocketState.Open) await SendAsync(RealtimeEvents.Error(error), WebSocketMessageType.Text);
        try
        {
            if (client.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await client.CloseOutputAsync(end.Status, end.Error?.Type, CancellationToken.None).WaitAsync(Grace, time);
            await up.WaitAsync(Grace, time);
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) || exception is WebSocketException or TimeoutException)
        {
            client.Abort();
            await up;
        }
    }
}
