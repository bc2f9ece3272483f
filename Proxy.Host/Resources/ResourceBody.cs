using System.Text.Json;
using Proxy.Host.Requests;

namespace Proxy.Host.Resources;

/// <summary>What a provider gets of a body: the client's own bytes, but for the model's name and what was meant for the gateway.</summary>
internal static class ResourceBody
{
    public const string ProviderField = "custom_llm_provider";

    public static OutgoingBody Write(CompletionRequest request, string? upstreamModel) => BodySplice.Write(request, default, field => field.Kind switch
    {
        FieldKind.Model when upstreamModel is not null => FieldFate.Becomes(JsonSerializer.SerializeToUtf8Bytes(upstreamModel, RequestJson.Default.String)),
        FieldKind.GatewayOnly or FieldKind.GatewayMetadata or FieldKind.Routing => FieldFate.Dropped,
        FieldKind.Parameter when request.NameOf(field).SequenceEqual("custom_llm_provider"u8) => FieldFate.Dropped,
        _ => FieldFate.Kept,
    });
}
