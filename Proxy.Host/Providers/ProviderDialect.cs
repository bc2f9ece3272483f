using System.Collections.Frozen;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Primitives;
using Proxy.Host.Models;
using Proxy.Host.Providers.Anthropic;
using Proxy.Host.Providers.Azure;
using Proxy.Host.Providers.Bedrock;
using Proxy.Host.Providers.Gemini;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Requests;
using Proxy.Host.Translation;

namespace Proxy.Host.Providers;

/// <summary>How one kind of provider is spoken to: its addresses, its credential, and its form of a request.</summary>
/// <remarks>
/// A dialect serves the operations of the API that it speaks itself, and those of other APIs that <see cref="ApiTranslation"/> carries over to it.
/// </remarks>
internal abstract class ProviderDialect(string name, params ClientApi[] apis)
{
    private static readonly FrozenDictionary<string, ProviderDialect> ByName = ((IEnumerable<ProviderDialect>)
    [
        new OpenAiDialect(ProviderNames.OpenAi, ClientApi.OpenAi, ClientApi.Responses), new OpenAiDialect(ProviderNames.Demo, ClientApi.OpenAi), new AzureDialect(), new AnthropicDialect(), new GeminiDialect(), new BedrockDialect(),
        .. PresetDialect.All,
    ]).ToFrozenDictionary(dialect => dialect.Name);

    /// <summary>The same providers where a deployment speaks their Responses API alone.</summary>
    private static readonly FrozenDictionary<string, ProviderDialect> OfResponses =
        ByName.Values.Where(dialect => dialect.Speaks(ClientApi.Responses)).ToFrozenDictionary(dialect => dialect.Name, dialect => dialect.Speaking(ClientApi.Responses));

    private ClientApi[] _apis = apis;

    public string Name => name;

    public static ProviderDialect? Find(string name) => ByName.GetValueOrDefault(name);

    /// <returns>Null when the provider does not have a Responses API.</returns>
    public static ProviderDialect? FindOfResponses(string name) => OfResponses.GetValueOrDefault(name);

    /// <summary>Whether calls of the operation can go here. One that is translated counts as much as one that is not: who goes first is the operator's choice.</summary>
    public bool Serves(ApiOperation operation) => Speaks(operation.Api) || TranslationOf(operation) is not null;

    /// <returns>Null when the operation needs no translation, or has none.</returns>
    public ApiTranslation? TranslationOf(ApiOperation operation) => Speaks(operation.Api) ? null : ApiTranslation.Find(operation, _apis[0]);

    /// <summary>Where the provider is when a destination names no address; null where that differs.</summary>
    public virtual string? UsualAddress => null;

    /// <summary>Where it is when a destination names no address but the region that it is in, or none.</summary>
    public virtual string? UsualAddressIn(string? region) => UsualAddress;

    /// <summary>False for servers that refuse <c>stream_options</c>.</summary>
    public virtual bool TakesStreamOptions => true;

    /// <summary>False for servers that pass the newer name of a chat's bound over.</summary>
    public virtual bool TakesMaxCompletionTokens => true;

    /// <summary>True for providers that refuse fields of others, and want the newest names of their own.</summary>
    public virtual bool TakesOnlyOwnFields(string address) => true;

    /// <summary>The addresses of all operations below a destination's, by the index of the operation.</summary>
    public virtual Uri[] AddressesOf(string address, string? apiVersion) =>
        [.. ApiOperation.All.Select(operation => new Uri(Below(address, "/v1") + operation.Path))];

    public virtual Uri AddressOf(Deployment deployment, ApiOperation operation, string upstreamModel) => deployment.Addresses[operation.Index];

    /// <summary>Where something is that the provider keeps.</summary>
    /// <param name="path">Below the API's base, with its query.</param>
    public virtual Uri ResourceOf(Deployment deployment, string path) =>
        new(deployment.Addresses[ApiOperation.Chat.Index].AbsoluteUri[..^ApiOperation.Chat.Path.Length] + path);

    /// <summary>Where the provider opens sessions that are spoken.</summary>
    public virtual Uri SessionOf(Deployment deployment, string upstreamModel) =>
        AsSocket(deployment.Addresses[ApiOperation.Realtime.Index], $"?model={Uri.EscapeDataString(upstreamModel)}");

    protected static Uri AsSocket(Uri address, string query) =>
        new((address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs) + address.AbsoluteUri[address.Scheme.Length..] + query);

    /// <summary>Where the provider lists its models, which shows whether it is well.</summary>
    public virtual Uri ProbeOf(string address, string? apiVersion) => new(Below(address, "/v1") + "/models");

    /// <summary>Puts the provider's credential on the request, and what of the client's headers it may see.</summary>
    public void Dress(HttpRequestHeaders headers, Deployment deployment, ApiOperation operation, IHeaderDictionary asked)
    {
        if (deployment.ApiKey is { } apiKey) Authorize(headers, apiKey, operation);
        foreach (var header in PassedHeaders)
        {
            if (asked.TryGetValue(header, out var values) && !StringValues.IsNullOrEmpty(values) && Ascii.IsValid((string?)values)) headers.TryAddWithoutValidation(header, (string?)values);
        }

        Complete(headers);
    }

    /// <summary>Signs a request that is complete, where the provider wants that.</summary>
    /// <param name="body">What is sent; null for nothing.</param>
    public virtual void Sign(HttpRequestMessage message, OutgoingBody? body, Deployment deployment, DateTimeOffset now)
    {
    }

    /// <summary>The client's own bytes, but for what a policy rewrote.</summary>
    public virtual OutgoingBody Write(CompletionRequest request, Deployment deployment, ApiOperation operation, string upstreamModel) =>
        BodySplice.Write(request, WithModel(request, upstreamModel, Insertion(request, deployment)), field => FateOf(request, field, deployment, upstreamModel));

    protected abstract IReadOnlyList<string> PassedHeaders { get; }

    /// <summary>Headers that the provider wants and the client did not send.</summary>
    protected virtual void Complete(HttpRequestHeaders headers)
    {
    }

    protected virtual void Authorize(HttpRequestHeaders headers, string apiKey, ApiOperation operation) => headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);

    /// <summary>Fields that the body gains, each with its comma; empty for none.</summary>
    protected virtual ReadOnlyMemory<byte> Insertion(CompletionRequest request, Deployment deployment) => default;

    /// <summary>What becomes of a field of the client's body.</summary>
    protected virtual FieldFate FateOf(CompletionRequest request, RequestField field, Deployment deployment, string upstreamModel) => field.Kind switch
    {
        FieldKind.Model when upstreamModel != request.StatedModel => FieldFate.Becomes(JsonString.Utf8Of(upstreamModel)),
        var kind when kind.IsForGateway => FieldFate.Dropped,
        _ => FieldFate.Kept,
    };

    /// <summary>A body whose path named the model gains it.</summary>
    private static ReadOnlyMemory<byte> WithModel(CompletionRequest request, string upstreamModel, ReadOnlyMemory<byte> insertion) => request.Has(FieldKind.Model)
        ? insertion
        : (byte[])[.. "\"model\":"u8, .. JsonString.Utf8Of(upstreamModel), .. ","u8, .. insertion.Span];

    private ProviderDialect Speaking(ClientApi only)
    {
        var dialect = (ProviderDialect)MemberwiseClone();
        dialect._apis = [only];
        return dialect;
    }

    private bool Speaks(ClientApi api) => Array.IndexOf(_apis, api.Family) >= 0;

    /// <summary>An address without a path serves its API under the usual one.</summary>
    protected static string Below(string address, string usual)
    {
        var uri = new Uri(address);
        return uri.AbsolutePath == "/" ? uri.GetLeftPart(UriPartial.Authority) + usual : address.TrimEnd('/');
    }
}
