namespace Proxy.Host.Answers;

/// <summary>How the reading of an answer ended: who is to blame, if anyone.</summary>
internal enum AnswerEnd
{
    Whole,
    Broken,
    Stalled,
    ClientLeft,

    /// <summary>The gateway is being stopped, and its time to finish is over.</summary>
    Stopping,
}

internal static class AnswerEnds
{
    /// <summary>What reading from a provider, opening what it compressed, or writing to a client throws when the other side is at fault.</summary>
    public static bool IsOfConnection(Exception exception) =>
        exception is OperationCanceledException or IOException or HttpRequestException or InvalidDataException or InvalidOperationException;
}
