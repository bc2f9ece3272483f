namespace Proxy.Management.Errors;

/// <summary>A refusal: a value until the edge, where <see cref="ErrorWriter"/> turns it into the envelope that clients know.</summary>
/// <param name="Status">The HTTP status; also the envelope's <c>code</c>.</param>
/// <param name="Type">A stable word that clients match on.</param>
/// <param name="Message">A plain sentence. It never holds a key, a credential or a prompt.</param>
/// <param name="Param">The offending field, or null.</param>
public sealed record ProxyError(int Status, string Type, string Message, string? Param = null)
{
    public const string AuthError = "auth_error";
    public const string InvalidRequest = "invalid_request_error";
    public const string BadRequestType = "bad_request_error";
    public const string NotFoundType = "not_found_error";
    public const string InternalServerError = "internal_server_error";

    /// <summary>Seconds after which a new attempt may succeed; sent as <c>retry-after</c>.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Which budget or limit refused, for programs to read.</summary>
    public ErrorScope? Scope { get; init; }

    public static ProxyError BadRequest(string message, string? param = null) => new(400, InvalidRequest, message, param);

    public static ProxyError NotFound(string message, string? param = null) => new(404, NotFoundType, message, param);
}

/// <summary>The budget or limit that refused a call; it stands in the envelope beside the message.</summary>
/// <param name="Scope">What has it, such as <c>team</c>.</param>
/// <param name="Id">Which one.</param>
/// <param name="Limit">Dollars, calls or tokens.</param>
/// <param name="Spend">Dollars; null for a rate.</param>
/// <param name="RateLimitType"><c>requests</c>, <c>tokens</c> or <c>max_parallel_requests</c>; null for a budget.</param>
/// <param name="ResetAt">When it begins anew or a permit frees; null when no time frees it.</param>
public sealed record ErrorScope(string Scope, string Id, decimal Limit, decimal? Spend, string? RateLimitType, DateTimeOffset? ResetAt);
