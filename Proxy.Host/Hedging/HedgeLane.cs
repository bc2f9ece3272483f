using System.Net;
using Proxy.Host.Answers;
using Proxy.Host.Failover;

namespace Proxy.Host.Hedging;

/// <summary>One of two answers that race: from its request to its first byte.</summary>
internal sealed class HedgeLane : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _giveUp;
    private readonly Task<HttpResponseMessage> _answer;

    public HedgeLane(Func<CancellationToken, Task<HttpResponseMessage>> send, TimeProvider time, CancellationToken cancellationToken)
    {
        _time = time;
        _giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _answer = ReadAsync(send, _giveUp.Token);
        Over = _answer.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Done when it has its first byte, or failed; never faulted.</summary>
    public Task Over { get; }

    /// <summary>True when it is an answer and its first byte is there.</summary>
    public bool IsGood { get; private set; }

    /// <summary>True when the other one was taken before this one came to anything.</summary>
    public bool WasGivenUp { get; private set; }

    /// <summary>What the provider answered, if it did.</summary>
    public int? Status { get; private set; }

    /// <summary>How long a provider that refused wants to be left alone.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>The answer, or why there is none.</summary>
    public Task<HttpResponseMessage> TakeAsync() => _answer;

    /// <summary>The other one is taken.</summary>
    public async Task GiveUpAsync()
    {
        WasGivenUp = !_answer.IsCompleted || IsGood;
        await _giveUp.CancelAsync();
        await Over;
        if (_answer.IsCompletedSuccessfully) (await _answer).Dispose();
    }

    public void Dispose() => _giveUp.Dispose();

    private async Task<HttpResponseMessage> ReadAsync(Func<CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellationToken)
    {
        var answer = await send(cancellationToken);
        Status = (int)answer.StatusCode;
        if (!MayAnswer(answer))
        {
            RetryAfter = RefusalReader.RetryAfter(answer, _time.GetUtcNow());
            return answer;
        }

        try
        {
            // A read of nothing ends when there is something, and takes none of it.
            var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            _ = await body.ReadAsync(Memory<byte>.Empty, cancellationToken);
            IsGood = true;
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) && !cancellationToken.IsCancellationRequested)
        {
            // Whoever takes it reads the same.
        }
        catch (Exception)
        {
            answer.Dispose();
            throw;
        }

        return answer;
    }

    /// <summary>False for a refusal, and for what has no body: it would win every race and answer nothing.</summary>
    private static bool MayAnswer(HttpResponseMessage answer) =>
        answer.IsSuccessStatusCode && answer.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.ResetContent) && answer.Content.Headers.ContentLength != 0;
}
