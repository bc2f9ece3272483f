using System.Diagnostics;
using Proxy.Host.Answers;
using Proxy.Host.Models;
using Proxy.Host.Requests;
using Proxy.Host.Telemetry;
using Proxy.Host.Translation;
using Proxy.Management.Limits;

namespace Proxy.Host.Failover;

/// <summary>One try at one deployment, and what came of it.</summary>
internal sealed class Attempt(ModelMatch target, string destinationId, Deployment deployment, AttemptTimer timer, DateTimeOffset startedAt) : IDisposable
{
    private readonly string _upstreamModel = deployment.UpstreamModel(target);
    private bool? _wasGivenUp;

    public Deployment Deployment => deployment;

    public AttemptTimer Timer => timer;

    /// <summary>How the call is carried over to a provider that speaks another API; null when it speaks the client's.</summary>
    public TranslatedCall? Translation { get; init; }

    /// <summary>What is sent; null while nothing is.</summary>
    public OutgoingBody? Body { get; set; }

    /// <summary>Its span; null when nobody collects them.</summary>
    public Activity? Span { get; init; }

    /// <summary>What its prompt is estimated at, for a deployment that has limits of its own.</summary>
    public long PromptTokens { get; init; }

    /// <summary>What it holds of a deployment that has limits of its own.</summary>
    public CapacityPermit? Permit { get; init; }

    public ModelCluster Cluster => target.Cluster;

    public string DestinationId => destinationId;

    /// <summary><c>cluster/destination</c>.</summary>
    public string ModelId { get; } = $"{target.Cluster.Id}/{destinationId}";

    public string UpstreamModel => Transcriber ?? _upstreamModel;

    /// <summary>By the provider's name, the model that writes down what is said in a session of another; null for all else.</summary>
    public string? Transcriber { get; init; }

    /// <summary>Where it may have a price of its own, which is one of the deployment's model.</summary>
    public string? OwnPrice => Transcriber is null ? ModelId : null;

    public DateTimeOffset StartedAt => startedAt;

    public DateTimeOffset? FirstByteAt { get; set; }

    /// <summary>When the provider's answer had come to its end, or to where it broke.</summary>
    public DateTimeOffset? LastByteAt { get; set; }

    public DateTimeOffset EndedAt { get; private set; }

    public AnswerDigest Answer { get; private set; } = new();

    /// <summary>Why it came to nothing; null when it did not, or not yet.</summary>
    public AttemptFailure? Failure { get; private set; }

    /// <summary>
    /// Its provider had the whole call and was not waited for until it answered: the client left, a clock ran out, or another attempt was taken. It
    /// bills what it was asked. Who refuses, or breaks off, or was never reached does not.
    /// </summary>
    public bool WasGivenUp => _wasGivenUp ?? IsGivenUp();

    /// <summary>Nothing comes any more. What it did not use of the deployment's limits is free again; what it sent without saying so stays as estimated.</summary>
    public void End(DateTimeOffset now)
    {
        EndedAt = now;
        _wasGivenUp = IsGivenUp();
        if (Span is not null) AttemptTrace.Stop(Span, this);
        Permit?.End(Answer.Usage?.Total ?? (FirstByteAt is not null ? null : WasGivenUp ? PromptTokens : 0));
    }

    /// <summary>It came to nothing: no byte of it reached the client, so none of it is billed or logged as an answer. For its prompt see <see cref="WasGivenUp"/>.</summary>
    public void Fail(AttemptFailure failure)
    {
        Failure = failure;
        FirstByteAt = null;
        Answer = new AnswerDigest { ErrorMessage = Answer.ErrorMessage };
    }

    /// <summary>The last resort: whatever happened to the attempt, it holds nothing any more.</summary>
    public void Dispose()
    {
        Permit?.End(null);
        Translation?.Dispose();
    }

    private bool IsGivenUp() =>
        FirstByteAt is null
        && Body is { IsSent: true }
        && Failure is null or { Status: null }
        && (Failure?.Kind == FailureKind.Outrun || timer.End != AnswerEnd.Broken);
}
