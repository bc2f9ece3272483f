using Proxy.Host.Answers;
using Proxy.Host.Models;
using Proxy.Host.Requests;
using Proxy.Host.Translation;

namespace Proxy.Host.Failover;

/// <summary>One try at one deployment, and what came of it.</summary>
internal sealed class Attempt(ModelMatch target, string destinationId, Deployment deployment, AttemptTimer timer, DateTimeOffset startedAt)
{
    public Deployment Deployment => deployment;

    public AttemptTimer Timer => timer;

    /// <summary>How the call is carried over to a provider that speaks another API; null when it speaks the client's.</summary>
    public TranslatedCall? Translation { get; init; }

    /// <summary>What is sent; null while nothing is.</summary>
    public OutgoingBody? Body { get; set; }

    public ModelCluster Cluster => target.Cluster;

    public string DestinationId => destinationId;

    /// <summary><c>cluster/destination</c>.</summary>
    public string ModelId { get; } = $"{target.Cluster.Id}/{destinationId}";

    public string UpstreamModel { get; } = deployment.UpstreamModel(target);

    public DateTimeOffset StartedAt => startedAt;

    public DateTimeOffset? FirstByteAt { get; set; }

    public DateTimeOffset EndedAt { get; set; }

    public AnswerDigest Answer { get; private set; } = new();

    /// <summary>Why it came to nothing; null when it did not, or not yet.</summary>
    public AttemptFailure? Failure { get; private set; }

    /// <summary>It came to nothing: no byte of it reached the client, so none of it is billed or logged as an answer.</summary>
    public void Fail(AttemptFailure failure)
    {
        Failure = failure;
        FirstByteAt = null;
        Answer = new AnswerDigest { ErrorMessage = Answer.ErrorMessage };
    }
}
