namespace Proxy.Logging.Records;

/// <summary>One try of a call at one deployment.</summary>
/// <param name="SpanId">16 lower-case hex digits.</param>
/// <param name="Name">The deployment, as <c>cluster/destination</c>.</param>
/// <param name="StartedAt">When it was sent.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Model">The provider's name of the model.</param>
/// <param name="Provider">Whose it is.</param>
/// <param name="Status">The status that it failed with; null when it did not.</param>
/// <param name="Message">Why it failed.</param>
/// <remarks>What may be null is optional, for where a record waits it is left out.</remarks>
public sealed record CompletionAttempt(
    string SpanId, string Name, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string? Model = null, string? Provider = null, int? Status = null, string? Message = null)
{
    /// <summary>All of it in a line, for the facts of the call.</summary>
    public string Describe()
    {
        var text = $"{Name}, {(long)(EndedAt - StartedAt).TotalMilliseconds} ms";
        return Status is { } status ? $"{text}, {status}: {Message}" : text;
    }
}
