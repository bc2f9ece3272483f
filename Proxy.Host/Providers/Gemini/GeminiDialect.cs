using System.Net.Http.Headers;
using Proxy.Host.Models;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.Gemini;

/// <summary>Google's models, which speak OpenAI's API at one address and their own beside it: each client gets the one that it speaks.</summary>
internal sealed class GeminiDialect() : OpenAiDialect(ProviderNames.Gemini, ClientApi.OpenAi, ClientApi.Gemini)
{
    private const string OpenAiFolder = "/openai";

    public override string UsualAddress => "https://generativelanguage.googleapis.com/v1beta/openai";

    public override Uri[] AddressesOf(string address, string? apiVersion)
    {
        var root = Below(address, "/v1beta/openai");
        var native = root.EndsWith(OpenAiFolder, StringComparison.OrdinalIgnoreCase) ? root[..^OpenAiFolder.Length] : root;
        return [.. ApiOperation.All.Select(operation => new Uri(operation.Api == ClientApi.Gemini ? native : root + operation.Path))];
    }

    public override Uri AddressOf(Deployment deployment, ApiOperation operation, string upstreamModel)
    {
        var address = base.AddressOf(deployment, operation, upstreamModel);
        return operation.Api == ClientApi.Gemini
            ? new Uri($"{address.AbsoluteUri.TrimEnd('/')}/models/{Uri.EscapeDataString(upstreamModel)}{operation.Suffix}{(operation == ApiOperation.GenerateStream ? "?alt=sse" : "")}")
            : address;
    }

    public override OutgoingBody Write(CompletionRequest request, Deployment deployment, ApiOperation operation, string upstreamModel) => operation.Api == ClientApi.Gemini
        ? BodySplice.Write(request, default, field => FateOf(field, upstreamModel))
        : base.Write(request, deployment, operation, upstreamModel);

    protected override void Authorize(HttpRequestHeaders headers, string apiKey, ApiOperation operation)
    {
        if (operation.Api == ClientApi.Gemini) headers.TryAddWithoutValidation("x-goog-api-key", apiKey);
        else base.Authorize(headers, apiKey, operation);
    }

    /// <summary>The path names the model; a body that does too is to name the same.</summary>
    private static FieldFate FateOf(RequestField field, string upstreamModel) => field.Kind switch
    {
        FieldKind.Model => FieldFate.Becomes(JsonString.Utf8Of($"models/{upstreamModel}")),
        FieldKind.Metadata => FieldFate.Dropped,
        var kind when kind.IsForGateway => FieldFate.Dropped,
        _ => FieldFate.Kept,
    };
}
