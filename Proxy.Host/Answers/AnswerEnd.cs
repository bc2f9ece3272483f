using Proxy.Host.Exchanges;
using Proxy.Management.Spend;

namespace Proxy.Host.Answers;

/// <summary>How the reading of an answer ended: who is to blame, if anyone.</summary>
internal enum AnswerEnd
{
    Whole,

    /// <summary>The connection broke, or what came was not what the protocol says.</summary>
    Broken,

    /// <summary>The provider reported an error within its answer.</summary>
    Failed,

    /// <summary>The first byte did not come in time.</summary>
    Late,

    /// <summary>The answer began and stood still.</summary>
    Stalled,

    /// <summary>The call took longer as a whole than it may.</summary>
    TookTooLong,

    ClientLeft,

    /// <summary>The client is there but does not read.</summary>
    ReaderStalled,

    /// <summary>The gateway is being stopped, and its time to finish is over.</summary>
    Stopping,
}

internal static class AnswerEnds
{
    /// <summary>What reading from a provider, or opening what it compressed, throws when the other side is at fault.</summary>
    public static bool IsOfConnection(Exception exception) =>
        exception is OperationCanceledException or IOException or HttpRequestException or InvalidDataException or InvalidOperationException;

    /// <summary>Notes on the exchange that it ended by the client, which left or stopped reading.</summary>
    /// <returns>False when it did not.</returns>
    public static bool TryEndByClient(Exchange exchange, AnswerEnd end)
    {
        if (end == AnswerEnd.ClientLeft) exchange.Outcome = SpendOutcome.Aborted;
        else if (end == AnswerEnd.ReaderStalled) exchange.Fail(ExchangeErrors.ReaderStalled, SpendOutcome.Aborted);
        else return false;

        return true;
    }
}
