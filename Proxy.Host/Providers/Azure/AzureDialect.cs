using System.Net.Http.Headers;
using Proxy.Host.Models;
using Proxy.Host.Providers.OpenAi;

namespace Proxy.Host.Providers.Azure;

/// <summary>OpenAI's models at Azure: the deployment stands in the path, the API's version in the query, the key in <c>api-key</c>.</summary>
/// <remarks>Without an API version, or with <c>v1</c>, it is the path that names no version: the deployment then stands as the model in the body.</remarks>
internal sealed class AzureDialect() : OpenAiDialect(ProviderNames.Azure, ClientApi.OpenAi, ClientApi.Responses)
{
    private const string Deployments = "/deployments";
    private const string UnversionedApi = "v1";

    public override string? UsualAddress => null;

    public override bool TakesOnlyOwnFields(string address) => true;

    protected override void Authorize(HttpRequestHeaders headers, string apiKey, ApiOperation operation) => headers.TryAddWithoutValidation("api-key", apiKey);

    public override Uri[] AddressesOf(string address, string? apiVersion) =>
        [.. ApiOperation.All.Select(operation => new Uri(BaseOf(address, apiVersion) + operation.Path))];

    public override Uri AddressOf(Deployment deployment, ApiOperation operation, string upstreamModel)
    {
        var address = base.AddressOf(deployment, operation, upstreamModel);
        if (deployment.ApiVersion is null or UnversionedApi) return address;

        // Responses have no deployment in their path; it stands in the body.
        var root = address.AbsoluteUri[..^operation.Path.Length];
        return operation == ApiOperation.Response
            ? new Uri($"{root[..^Deployments.Length]}{operation.Path}?api-version={Uri.EscapeDataString(deployment.ApiVersion)}")
            : new Uri($"{root}/{Uri.EscapeDataString(upstreamModel)}{operation.Path}?api-version={Uri.EscapeDataString(deployment.ApiVersion)}");
    }

    public override Uri ResourceOf(Deployment deployment, string path)
    {
        if (deployment.ApiVersion is null or UnversionedApi) return base.ResourceOf(deployment, path);

        return new Uri($"{RootOf(deployment)}{path}{(path.Contains('?') ? '&' : '?')}api-version={Uri.EscapeDataString(deployment.ApiVersion)}");
    }

    public override Uri SessionOf(Deployment deployment, string upstreamModel)
    {
        if (deployment.ApiVersion is null or UnversionedApi) return base.SessionOf(deployment, upstreamModel);

        return AsSocket(
            new Uri(RootOf(deployment) + ApiOperation.Realtime.Path),
            $"?api-version={Uri.EscapeDataString(deployment.ApiVersion)}&deployment={Uri.EscapeDataString(upstreamModel)}");
    }

    public override Uri ProbeOf(string address, string? apiVersion) => new(apiVersion is null or UnversionedApi
        ? Below(address, "/openai") + "/v1/models"
        : $"{Below(address, "/openai")}/models?api-version={Uri.EscapeDataString(apiVersion)}");

    /// <summary>What is above the deployments.</summary>
    private static string RootOf(Deployment deployment) =>
        deployment.Addresses[ApiOperation.Chat.Index].AbsoluteUri[..^(Deployments.Length + ApiOperation.Chat.Path.Length)];

    private static string BaseOf(string address, string? apiVersion) =>
        Below(address, "/openai") + (apiVersion is null or UnversionedApi ? "/v1" : Deployments);
}
