using Proxy.Host.Exchanges;
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

    public static ProxyError ModelElsewhere(string model) => ProxyError.BadRequest(
        $"The model '{Shown(model)}' is not served by the provider that keeps what the call refers to.", "model");

    public static ProxyError NoProvider(string provider) => ProxyError.BadRequest(
        $"None of the models that this key may use is at the provider '{Shown(provider)}' and can be used for this.", ResourceBody.ProviderField);

    public static ProxyError WrongMethod(string method, ResourcePath path) => new(
        StatusCodes.Status405MethodNotAllowed, ProxyError.InvalidRequest, $"{Shown(path.Path)} does not take {Shown(method)}.");

    public static readonly ProxyError CostsLater = ProxyError.BadRequest(
        "Work that a provider does after its answer, and that costs money then, is not begun by this gateway unless its operator allows it (Requests:AllowLaterCost): batches, trainings, and runs that are not streamed.");

    public static readonly ProxyError TooLarge = new(StatusCodes.Status413PayloadTooLarge, ProxyError.InvalidRequest, "The file is larger than this gateway passes on.", "file");

    public static readonly ProxyError NoAnswer = new(StatusCodes.Status502BadGateway, ExchangeErrors.UpstreamError, "The provider's answer is not what was asked for.");

    private static string Shown(string text) =>
        string.Concat(text.Take(MaxShown).Select(character => char.IsControl(character) ? '?' : character)) + (text.Length > MaxShown ? "…" : "");
}
