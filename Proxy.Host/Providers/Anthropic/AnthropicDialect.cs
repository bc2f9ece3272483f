using System.Net.Http.Headers;
using System.Text.Json;
using Proxy.Host.Models;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>Anthropic's Messages API for clients that speak it: the client's own bytes, but for the model's name and what was meant for the gateway.</summary>
internal sealed class AnthropicDialect() : ProviderDialect(ProviderNames.Anthropic, ClientApi.Anthropic)
{
    private const string VersionHeader = "anthropic-version";
    private const string UsualVersion = "2023-06-01";

    public override string UsualAddress => "https://api.anthropic.com";

    protected override IReadOnlyList<string> PassedHeaders { get; } = ["Accept", "User-Agent", VersionHeader, "anthropic-beta", "Idempotency-Key"];

    protected override void Authorize(HttpRequestHeaders headers, string apiKey, ApiOperation operation) => headers.TryAddWithoutValidation("x-api-key", apiKey);

    protected override void Complete(HttpRequestHeaders headers)
    {
        if (!headers.Contains(VersionHeader)) headers.TryAddWithoutValidation(VersionHeader, UsualVersion);
    }

    /// <summary>The provider takes metadata that names a user and nothing else.</summary>
    protected override FieldFate FateOf(CompletionRequest request, RequestField field, Deployment deployment, string upstreamModel) => field.Kind switch
    {
        FieldKind.Metadata when !IsProviders(request.ValueOf(field)) => FieldFate.Dropped,
        _ => base.FateOf(request, field, deployment, upstreamModel),
    };

    private static bool IsProviders(ReadOnlySpan<byte> metadata)
    {
        var reader = new Utf8JsonReader(metadata);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return false;

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("user_id"u8)) return false;
            reader.Read();
            reader.Skip();
        }

        return true;
    }
}
