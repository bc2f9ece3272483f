using Proxy.Management.Errors;

namespace Proxy.Host.Resources;

/// <summary>Refusals of ids. What is somebody else's is told of in the same words as what is nowhere.</summary>
internal static class ResourceErrors
{
    private const int MaxShown = 80;

    public static readonly ProxyError TooMany = ProxyError.BadRequest($"The request body refers to more than {ResourceGuard.MaxReferences} things that are kept by a provider.");

    public static ProxyError Unknown(ResourceReference reference) => ProxyError.BadRequest(
        $"The field '{reference.Field}' refers to '{Shown(reference.Id)}', which was not found among what this key may use.", reference.Field);

    public static ProxyError NotFound(string kind, string id) => new(
        StatusCodes.Status404NotFound, ProxyError.InvalidRequest, $"No {kind.Replace('_', ' ')} with the id '{Shown(id)}' was found among what this key may use.", "id");

    public static ProxyError Elsewhere(ResourceReference reference, string model) => ProxyError.BadRequest(
        $"The field '{reference.Field}' refers to '{Shown(reference.Id)}', which is kept by another provider than those of the model '{Shown(model)}', or than the rest of what the call refers to.",
        reference.Field);

    private static string Shown(string text) =>
        string.Concat(text.Take(MaxShown).Select(character => char.IsControl(character) ? '?' : character)) + (text.Length > MaxShown ? "…" : "");
}
