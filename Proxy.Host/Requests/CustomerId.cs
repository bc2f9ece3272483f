using Proxy.Host.Providers;
using Proxy.Management.Errors;

namespace Proxy.Host.Requests;

/// <summary>The customer that a client names, by the same rules wherever it does: one that was left out for its length would be in no budget.</summary>
internal static class CustomerId
{
    private const int MaxLength = 512;

    /// <summary>Messages name the customer in their metadata; what stands in <c>user</c> goes before it.</summary>
    public static ProxyError? TakeOfMetadata(CompletionRequest request, ApiOperation operation) =>
        operation.Api == ClientApi.Anthropic && request.User is null && request.Metadata.UserId is { } id
            ? Set(request, id, "field", "metadata.user_id")
            : null;

    /// <param name="id">Empty for none.</param>
    /// <param name="place">Where it stands, for a sentence.</param>
    /// <param name="name">The field or the header.</param>
    public static ProxyError? Set(CompletionRequest request, string id, string place, string name)
    {
        if (id.Length > MaxLength) return ProxyError.BadRequest($"The {place} '{name}' is longer than {MaxLength} characters.", name);
        if (id.Contains('\0')) return ProxyError.BadRequest($"The {place} '{name}' holds a zero character.", name);

        request.User = id.Length > 0 ? id : null;
        return null;
    }
}
