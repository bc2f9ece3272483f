using Proxy.Host.Requests;

namespace Proxy.Host.Resources;

/// <summary>What a provider gets of a body: the client's own bytes, but for the model's name and what was meant for the gateway.</summary>
internal static class ResourceBody
{
    public const string ProviderField = "custom_llm_provider";

    public static ReadOnlySpan<byte> ProviderName => "custom_llm_provider"u8;

    public static OutgoingBody Write(CompletionRequest request, string? upstreamModel) => BodySplice.Write(request, default, field => field.Kind switch
    {
        FieldKind.Model when upstreamModel is not null => FieldFate.Becomes(JsonString.Utf8Of(upstreamModel)),
        var kind when kind.IsForGateway => FieldFate.Dropped,
        FieldKind.Parameter when request.NameOf(field).SequenceEqual(ProviderName) => FieldFate.Dropped,
        _ => FieldFate.Kept,
    });
}
