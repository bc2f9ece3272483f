using System.Buffers;
using Proxy.Host.Providers;

namespace Proxy.Host.Resources;

/// <summary>Which resource a path names, and what of it.</summary>
/// <param name="Id">Null for the list itself.</param>
/// <param name="Tail">What follows the id, such as <c>/content</c>.</param>
internal sealed record ResourcePath(ApiOperation Operation, string? Id, string Tail)
{
    private const int MaxSegments = 6;
    private const string Runs = "runs";

    /// <summary>Nothing that a provider's parser could take for another path than this one.</summary>
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-:.");

    /// <summary>Queries that are the provider's; others are the gateway's, or nobody's.</summary>
    private static readonly string[] PassedQueries = ["after", "before", "limit", "order", "purpose", "include", "include[]", "stream", "starting_after", "run_id", "filter"];

    public string Path => Id is null ? Operation.Path + Tail : $"{Operation.Path}/{Id}{Tail}";

    /// <summary>Whether this is the list of all that the account has.</summary>
    public bool IsList => Id is null && Tail.Length == 0;

    /// <summary>Whether the thing itself is asked for, and not a part of it.</summary>
    public bool IsWhole => Id is not null && Tail.Length == 0;

    /// <summary>The run of a thread that is asked for; null when none is.</summary>
    public string? RunId => Operation == ApiOperation.Threads && Tail.Split('/') is ["", Runs, var run, ..] ? run : null;

    public bool BeginsRun => Operation == ApiOperation.Threads && Tail == "/" + Runs;

    /// <summary>Whether a call begins work whose cost is known only when it is over, long after the answer.</summary>
    public bool CostsLater(string method, bool isStream) => HttpMethods.IsPost(method)
        && (Operation == ApiOperation.Batches || Operation == ApiOperation.FineTuning ? Id is null : !isStream && (BeginsRun || Tail.EndsWith("/submit_tool_outputs", StringComparison.Ordinal)));

    /// <returns>Null when there is nothing of the kind.</returns>
    public static ResourcePath? Read(HttpRequest request, ApiOperation operation)
    {
        var path = request.Path.Value!;
        var below = path[(path.IndexOf(operation.Path, StringComparison.OrdinalIgnoreCase) + operation.Path.Length)..].Trim('/');
        if (below.Length == 0) return operation.IsCreated ? new ResourcePath(operation, null, "") : null;

        var segments = below.Split('/');
        if (segments.Length > MaxSegments || Array.Exists(segments, segment => !IsId(segment))) return null;
        if (operation == ApiOperation.Threads && segments is [Runs]) return new ResourcePath(operation, null, "/" + Runs);

        return new ResourcePath(operation, segments[0], segments.Length > 1 ? "/" + string.Join('/', segments[1..]) : "");
    }

    public bool Takes(string method) => Id is null
        ? HttpMethods.IsPost(method) || (HttpMethods.IsGet(method) && IsList && Operation.IsListed)
        : HttpMethods.IsGet(method) || HttpMethods.IsDelete(method) || (HttpMethods.IsPost(method) && (Tail.Length > 0 || Operation != ApiOperation.StoredResponse));

    /// <summary>The path as the provider gets it.</summary>
    public string WithQuery(IQueryCollection query)
    {
        var passed = QueryString.Create(query.Where(pair => PassedQueries.Contains(pair.Key, StringComparer.Ordinal)));
        return Path + passed.ToUriComponent();
    }

    private static bool IsId(string segment) =>
        segment.Length is > 0 and <= ResourceKinds.MaxId && segment.Trim('.').Length > 0 && !segment.AsSpan().ContainsAnyExcept(IdCharacters);
}
