using System.Security.Cryptography;
using Proxy.Host.Models;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>Models at Amazon's: by its Converse API, whatever the client speaks, and signed with the deployment's keys, or with a key of Bedrock's own.</summary>
internal sealed class BedrockDialect() : ProviderDialect(ProviderNames.Bedrock, ClientApi.Converse)
{
    /// <summary>The name of the service that requests are signed for, where models are called and where they are listed.</summary>
    private const string Service = "bedrock";
    private const string RuntimeHost = "bedrock-runtime.";

    protected override IReadOnlyList<string> PassedHeaders { get; } = ["User-Agent"];

    public override string? UsualAddressIn(string? region) => region is null ? null : $"https://{RuntimeHost}{region}.amazonaws.com";

    public override Uri[] AddressesOf(string address, string? apiVersion) => [new Uri(address.TrimEnd('/'))];

    /// <summary>A model may be named by an ARN, slashes and all: it is one segment of the path.</summary>
    public override Uri AddressOf(Deployment deployment, ApiOperation operation, string upstreamModel) =>
        new(deployment.Addresses[0].AbsoluteUri.TrimEnd('/') + operation.Path.Replace("{model}", Uri.EscapeDataString(upstreamModel), StringComparison.Ordinal));

    /// <summary>Models are listed beside where they are called.</summary>
    public override Uri ProbeOf(string address, string? apiVersion)
    {
        var uri = new UriBuilder(address.TrimEnd('/') + "/foundation-models");
        if (uri.Host.StartsWith(RuntimeHost, StringComparison.Ordinal)) uri.Host = Service + "." + uri.Host[RuntimeHost.Length..];
        return uri.Uri;
    }

    public override void Sign(HttpRequestMessage message, OutgoingBody? body, Deployment deployment, DateTimeOffset now)
    {
        if (deployment.ApiKey is null && deployment.AwsKeys is { } keys) RequestSigner.Sign(message, body, body?.Hash() ?? SHA256.HashData([]), keys, Service, now);
    }
}
