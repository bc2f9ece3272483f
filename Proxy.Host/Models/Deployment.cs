using System.Net.Http.Headers;
using System.Text;
using Proxy.Host.Configuration;
using Proxy.Host.Providers;
using Proxy.Host.Providers.Demo;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Models;

/// <summary>One place where a model runs: what our metadata on a YARP destination says, read and checked once.</summary>
internal sealed class Deployment
{
    public const string ProviderKey = "Provider";
    public const string ModelKey = "Model";
    public const string ApiKeyKey = "ApiKey";
    public const string StreamUsageKey = "StreamUsage";

    private readonly Uri[] _addresses;
    private readonly string? _model;

    private Deployment(string provider, string address, string? model, string? apiKey, bool asksForStreamUsage)
    {
        Provider = provider;
        _model = model;
        Authorization = apiKey is null ? null : new AuthenticationHeaderValue("Bearer", apiKey);
        Secret = apiKey is null ? default : Encoding.UTF8.GetBytes(apiKey);
        AsksForStreamUsage = asksForStreamUsage;
        _addresses = [.. ApiOperation.All.Select(operation => new Uri(BaseOf(address) + operation.Path))];
    }

    /// <summary>Who is behind it: a name of <see cref="ProviderNames"/>.</summary>
    public string Provider { get; }

    /// <summary>The provider's credential, ready to be sent; null when it needs none.</summary>
    public AuthenticationHeaderValue? Authorization { get; }

    /// <summary>The credential's bytes, to be covered where an answer quotes them.</summary>
    public ReadOnlyMemory<byte> Secret { get; }

    /// <summary>False for the few servers that refuse <c>stream_options</c>.</summary>
    public bool AsksForStreamUsage { get; }

    public Uri AddressOf(ApiOperation operation) => _addresses[operation.Index];

    /// <summary>The name that the provider knows the model by; <c>*</c> in it stands for what the cluster's wildcard matched.</summary>
    public string UpstreamModel(string model, string wildcardMatch) => _model switch
    {
        null => model,
        _ when _model.Contains('*') => _model.Replace("*", wildcardMatch),
        _ => _model,
    };

    /// <summary>Reads a destination; says every fault of it to <paramref name="report"/> and then returns null.</summary>
    public static Deployment? Read(DestinationConfig destination, Action<string> report)
    {
        var faults = 0;
        void Fault(string text)
        {
            faults++;
            report(text);
        }

        var provider = Value(destination, ProviderKey) ?? ProviderNames.OpenAi;
        if (!ProviderNames.All.Contains(provider))
            Fault($"its provider '{provider}' is not one of {string.Join(", ", ProviderNames.All)}");

        if (!Uri.TryCreate(destination.Address, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            Fault($"its address '{destination.Address}' is not an absolute http or https address");
        else if (address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
            Fault("its address holds a user, a query or a fragment");

        string? apiKey = null;
        if (Value(destination, ApiKeyKey) is { } reference)
        {
            if (CredentialReference.TryResolve(reference, out var value, out var fault)) apiKey = value;
            else Fault($"its {ApiKeyKey} cannot be had: {fault}");
        }

        var streamUsage = true;
        if (Value(destination, StreamUsageKey) is { } text && !bool.TryParse(text, out streamUsage))
            Fault($"its {StreamUsageKey} '{text}' is not true or false");

        return faults > 0 ? null : new Deployment(provider, provider == ProviderNames.Demo ? DemoHandler.Address : destination.Address, Value(destination, ModelKey), apiKey, streamUsage);
    }

    private static string? Value(DestinationConfig destination, string key) =>
        destination.Metadata?.GetValueOrDefault(key) is { Length: > 0 } value ? value : null;

    /// <summary>An address without a path is a server that serves its API under /v1, as all that speak OpenAI's do.</summary>
    private static string BaseOf(string address)
    {
        var uri = new Uri(address);
        return uri.AbsolutePath == "/" ? uri.GetLeftPart(UriPartial.Authority) + "/v1" : address.TrimEnd('/');
    }
}
