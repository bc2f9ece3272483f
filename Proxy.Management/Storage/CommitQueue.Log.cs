using Microsoft.Extensions.Logging;

namespace Proxy.Management.Storage;

public sealed partial class CommitQueue
{
    [LoggerMessage(LogLevel.Warning, "A commit of {Count} writes was rolled back.")]
    private partial void LogRolledBack(Exception exception, int count);

    [LoggerMessage(LogLevel.Information, "The database can be written again.")]
    private partial void LogWritable();

    [LoggerMessage(LogLevel.Error, "What follows a commit failed; the write itself is in the database.")]
    private partial void LogCompletionFailed(Exception exception);
}
