namespace Proxy.Host.Hosting;

/// <summary>What is said once, at start.</summary>
internal static partial class StartLog
{
    [LoggerMessage(LogLevel.Warning, "{Warning}")]
    public static partial void Warn(ILogger logger, string warning);
}
