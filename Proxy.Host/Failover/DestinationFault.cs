using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Management.Spend;

namespace Proxy.Host.Failover;

/// <summary>Whether what became of an attempt speaks against its destination, and not only against the call.</summary>
/// <remarks>What clients can bring about at will must not: they would take a destination from others that is well.</remarks>
internal static class DestinationFault
{
    public static bool Is(Exchange exchange, Attempt attempt)
    {
        if (exchange.ClientLeft.IsCancellationRequested || IsTimeOfClient(exchange, attempt.Timer.End)) return false;
        if (attempt.Failure is not { } failure) return exchange.IsCommitted ? IsBroken(exchange) : exchange.Refusal is null;
        if (failure.Status == StatusCodes.Status404NotFound && NamesAnything(exchange)) return false;

        return failure.Kind is FailureKind.Transient or FailureKind.Misplaced;
    }

    /// <summary>It broke off, or said itself that it failed, and not that the call was at fault.</summary>
    private static bool IsBroken(Exchange exchange) =>
        exchange.Outcome == SpendOutcome.Incomplete
        || (exchange.Outcome == SpendOutcome.Failure && exchange.Answer is { ErrorMessage: not null, ErrorStatus: not StatusCodes.Status400BadRequest });

    /// <summary>The client itself wanted to wait no longer than this; the operator's own limits say what is too slow.</summary>
    private static bool IsTimeOfClient(Exchange exchange, AnswerEnd end)
    {
        var asked = exchange.Request!.Routing;
        return end switch
        {
            AnswerEnd.Stopping => true,
            AnswerEnd.TookTooLong => asked.Timeout is not null,
            AnswerEnd.Late => exchange.Request.IsStream && asked.FirstByteTimeout < exchange.Cluster!.Timeouts.FirstByte,
            _ => false,
        };
    }

    /// <summary>The client makes up a name below a wildcard, or refers to something that is not kept any more.</summary>
    private static bool NamesAnything(Exchange exchange) => exchange.Target!.IsWildcard || exchange.Holder is not null;
}
