using System.Diagnostics;
using System.Net;
using Proxy.Host.Answers;
using Proxy.Host.Configuration;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Host.Requests;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Exchanges;

/// <summary>One call from the client, from its first byte to its last. Each room of the pipeline fills in its part.</summary>
internal sealed class Exchange(Guid id, DateTimeOffset startedAt, ProxySettings settings, ApiOperation? operation) : IDisposable
{
    /// <summary>Time-ordered, so that the ledger grows at its end.</summary>
    public Guid Id => id;

    public DateTimeOffset StartedAt => startedAt;

    /// <summary>The settings that this call began under; a reload does not reach it.</summary>
    public ProxySettings Settings => settings;

    /// <summary>Null when the path is none that we serve.</summary>
    public ApiOperation? Operation => operation;

    public IPAddress? Requester { get; init; }

    public Activity? Activity { get; init; }

    /// <summary>Who is calling, as far as that is known: a blocked key has a caller, an unknown one has none.</summary>
    public Caller? Caller { get; set; }

    public CompletionRequest? Request { get; set; }

    /// <summary>What the client's headers say to the log.</summary>
    public LogWishes LogWishes { get; set; } = LogWishes.None;

    public ModelCluster? Cluster { get; set; }

    /// <summary>Part of the model's name that a wildcard matched.</summary>
    public string WildcardMatch { get; set; } = "";

    /// <summary>Where the attempt under way goes.</summary>
    public Attempt? Attempt { get; set; }

    public AnswerDigest Answer { get; } = new();

    public DateTimeOffset? FirstByteAt { get; set; }

    public DateTimeOffset EndedAt { get; set; }

    /// <summary>What went wrong, for the record.</summary>
    public ProxyError? Failure { get; private set; }

    /// <summary>What the client gets instead of an answer, once the call is recorded.</summary>
    public ProxyError? Refusal { get; private set; }

    public SpendOutcome Outcome { get; set; } = SpendOutcome.Success;

    /// <summary>The status that the client gets.</summary>
    public int Status { get; set; } = StatusCodes.Status200OK;

    /// <summary>US dollars; known once the exchange is closed.</summary>
    public decimal Cost { get; set; }

    public bool IsClosed { get; set; }

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

    public void Dispose() => Request?.Dispose();
}

/// <summary>One try at one deployment.</summary>
internal sealed record Attempt(string DestinationId, Deployment Deployment, string UpstreamModel);
