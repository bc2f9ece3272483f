using System.Diagnostics;
using System.Net;
using Proxy.Host.Answers;
using Proxy.Host.Configuration;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Host.Requests;
using Proxy.Host.Resources;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Resources;
using Proxy.Management.Spend;
using Proxy.Management.Teams;

namespace Proxy.Host.Exchanges;

/// <summary>One call from the client, from its first byte to its last. Each room of the pipeline fills in its part.</summary>
internal sealed class Exchange(Guid id, DateTimeOffset startedAt, ProxySettings settings, ApiOperation? operation) : IDisposable
{
    private AnswerDigest? _none;

    /// <summary>Time-ordered, so that the ledger grows at its end.</summary>
    public Guid Id => id;

    public DateTimeOffset StartedAt => startedAt;

    /// <summary>The settings that this call began under; a reload does not reach it.</summary>
    public ProxySettings Settings => settings;

    /// <summary>Null when the path is none that we serve.</summary>
    public ApiOperation? Operation => operation;

    /// <summary>Cancelled when nobody waits for the answer any more. The request's own token is replaced during an attempt.</summary>
    public CancellationToken ClientLeft { get; init; }

    /// <summary>Cancelled when the gateway is being stopped and calls may not go on.</summary>
    public CancellationToken Stopping { get; init; }

    public IPAddress? Requester { get; init; }

    public Activity? Activity { get; init; }

    /// <summary>Who is calling, as far as that is known: a blocked key has a caller, an unknown one has none.</summary>
    public Caller? Caller
    {
        get;
        set
        {
            field = value;
            Team = value?.Team;
        }
    }

    /// <summary>The team in whose name the call was admitted, as of its latest row. A key that is moved meanwhile takes no call along: what was said is the team's.</summary>
    public TeamState? Team { get; private set; }

    public CompletionRequest? Request { get; set; }

    /// <summary>What the client's headers say to the log.</summary>
    public LogWishes LogWishes { get; set; } = LogWishes.None;

    /// <summary>The model that the call goes to now; a fallback changes it.</summary>
    public ModelMatch? Target { get; set; }

    public ModelCluster? Cluster => Target?.Cluster;

    /// <summary>All attempts so far, in their order.</summary>
    public List<Attempt> Attempts { get; } = new(1);

    /// <summary>The attempt under way; in the end the one whose answer the client got.</summary>
    public Attempt? Attempt { get; set; }

    /// <summary>The clock of the attempt under way.</summary>
    public AttemptTimer? Timer { get; set; }

    /// <summary>Input and output, before it is sent.</summary>
    public long EstimatedTokens { get; set; }

    /// <summary>The deployment whose account keeps what the call refers to, so that it must go there; null when it refers to nothing.</summary>
    public DeploymentPlace? Holder { get; set; }

    /// <summary>What is asked about things that a provider keeps; null for calls of models.</summary>
    public ResourceCall? Resource { get; set; }

    /// <summary>What the call settles the cost of.</summary>
    public Resource? Settled { get; set; }

    /// <summary>What the call holds in budgets and limits; closed once, by the recorder or by the end of the exchange.</summary>
    public Reservation? Reservation { get; set; }

    /// <summary>How many attempts followed another at the same model.</summary>
    public int Retries { get; set; }

    /// <summary>How many times the call went on to another model.</summary>
    public int Fallbacks { get; set; }

    /// <summary>
    /// True from the moment that the answer of one attempt goes to the client: there is no second attempt after the first byte.
    /// </summary>
    public bool IsCommitted { get; private set; }

    public AnswerDigest Answer => Attempt?.Answer ?? (_none ??= new AnswerDigest());

    /// <summary>The API that the provider of the attempt under way speaks.</summary>
    public ClientApi ProviderApi => Attempt?.Translation?.Sent.Api ?? operation!.Api;

    public DateTimeOffset? FirstByteAt => Attempt?.FirstByteAt;

    public DateTimeOffset EndedAt { get; set; }

    /// <summary>How long the call was at providers so far. Of a stream that goes on, until its first byte.</summary>
    public TimeSpan ProviderTime
    {
        get
        {
            var sum = TimeSpan.Zero;
            foreach (var attempt in Attempts)
            {
                var end = attempt.LastByteAt ?? attempt.FirstByteAt ?? attempt.EndedAt;
                if (end > attempt.StartedAt) sum += end - attempt.StartedAt;
            }

            return sum;
        }
    }

    /// <summary>What went wrong, for the record.</summary>
    public ProxyError? Failure { get; private set; }

    /// <summary>What the client gets instead of an answer, once the call is recorded.</summary>
    public ProxyError? Refusal { get; private set; }

    /// <summary>What the client gets instead of an answer when the provider itself refused.</summary>
    public ProviderRefusal? ProviderRefusal { get; private set; }

    public SpendOutcome Outcome { get; set; } = SpendOutcome.Success;

    /// <summary>The status that the client gets.</summary>
    public int Status { get; set; } = StatusCodes.Status200OK;

    /// <summary>US dollars; known once the exchange is closed.</summary>
    public decimal Cost { get; set; }

    public bool IsClosed { get; set; }

    /// <summary>True when the call was refused for who makes it, before anything of it was read.</summary>
    public bool IsTurnedAway => Outcome == SpendOutcome.Rejected && Request is null;

    /// <summary>True when the answer that went out is not whole, so that its connection must not end well.</summary>
    public bool IsCut { get; set; }

    public string? Model => Request?.Model is { Length: > 0 } model ? model : null;

    public void Refuse(ProxyError error, SpendOutcome outcome = SpendOutcome.Rejected)
    {
        Refusal = error;
        Status = error.Status;
        Fail(error, outcome);
    }

    /// <summary>Something went wrong that the client is told by other means, as within a stream.</summary>
    public void Fail(ProxyError error, SpendOutcome outcome)
    {
        Failure = error;
        Outcome = outcome;
    }

    /// <summary>From here on the answer is the client's.</summary>
    public void Commit() => IsCommitted = true;

    /// <summary>No attempt went well: the client gets the cause that came first.</summary>
    public void GiveUp(Attempt? attempt, AttemptFailure cause)
    {
        Attempt = attempt;
        if (cause.Answer is not { } answer)
        {
            Refuse(cause.Error, cause.Kind == FailureKind.Untranslatable ? SpendOutcome.Rejected : SpendOutcome.Failure);
            return;
        }

        ProviderRefusal = answer;
        Status = answer.Status;
        Outcome = SpendOutcome.Failure;
    }

    public void Dispose()
    {
        Reservation?.Release();
        foreach (var attempt in Attempts) attempt.Dispose();
        Request?.Dispose();
    }
}
