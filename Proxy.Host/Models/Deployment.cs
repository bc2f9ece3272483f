using System.Globalization;
using System.Text;
using Proxy.Host.Configuration;
using Proxy.Host.Providers;
using Proxy.Host.Providers.Bedrock;
using Proxy.Host.Providers.Demo;
using Proxy.Management.Limits;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Models;

/// <summary>One place where a model runs: what our metadata on a YARP destination says, read and checked once.</summary>
internal sealed class Deployment
{
    public const string ProviderKey = "Provider";
    public const string SpokenApiKey = "Api";
    public const string ModelKey = "Model";
    public const string DeploymentKey = "Deployment";
    public const string ApiVersionKey = "ApiVersion";
    public const string ApiKeyKey = "ApiKey";
    public const string StreamUsageKey = "StreamUsage";
    public const string WeightKey = "Weight";
    public const string OrderKey = "Order";
    public const string TagsKey = "Tags";
    public const string RpmLimitKey = "RpmLimit";
    public const string TpmLimitKey = "TpmLimit";
    public const string MaxParallelRequestsKey = "MaxParallelRequests";

    /// <summary>What <see cref="SpokenApiKey"/> may say.</summary>
    public const string OnlyResponses = "responses";

    private readonly string? _model;
    private readonly string _address;

    private Deployment(ProviderDialect dialect, DestinationConfig destination, string? apiKey, AwsKeys? awsKeys)
    {
        Dialect = dialect;
        ApiKey = apiKey;
        AwsKeys = awsKeys;
        ApiVersion = Value(destination, ApiVersionKey);
        _model = Value(destination, DeploymentKey) ?? Value(destination, ModelKey);
        Tags = [.. (Value(destination, TagsKey) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        Secret = (apiKey ?? awsKeys?.SecretAccessKey) is { } secret ? Encoding.UTF8.GetBytes(secret) : default;
        TakesOnlyOwnFields = dialect.TakesOnlyOwnFields(destination.Address);
        _address = dialect.Name == ProviderNames.Demo ? DemoHandler.Address : destination.Address;
    }

    /// <summary>Who is behind it: a name of <see cref="ProviderNames"/>.</summary>
    public string Provider => Dialect.Name;

    /// <summary>How its provider is spoken to.</summary>
    public ProviderDialect Dialect { get; }

    /// <summary>The provider's credential; null when it needs none.</summary>
    public string? ApiKey { get; }

    /// <summary>What signs its calls, where the provider wants that; null otherwise.</summary>
    public AwsKeys? AwsKeys { get; }

    /// <summary>The credential's bytes, to be covered where an answer quotes them.</summary>
    public ReadOnlyMemory<byte> Secret { get; }

    public string? ApiVersion { get; }

    /// <summary>False for the few servers that refuse <c>stream_options</c>.</summary>
    public bool AsksForStreamUsage { get; private init; } = true;

    /// <summary>True for providers that refuse fields of others, and want the newest names of their own.</summary>
    public bool TakesOnlyOwnFields { get; }

    /// <summary>Its share of the calls, against the other weights of its cluster.</summary>
    public double Weight { get; private init; } = 1;

    /// <summary>Those of a lower order go first; null goes last.</summary>
    public int? Order { get; private init; }

    /// <summary>What it may take; calls go elsewhere when it is full.</summary>
    public CapacityLimits Limits { get; private init; } = CapacityLimits.None;

    /// <summary>Calls with one of these tags go here.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>By the index of the operation; made by the dialect when the first call comes here, since of many deployments most are idle.</summary>
    public IReadOnlyList<Uri> Addresses => field ??= Dialect.AddressesOf(_address, ApiVersion);

    /// <summary>Whether what one keeps is the other's too: they are at the same place, under the same credential.</summary>
    public bool SharesAccountWith(Deployment other) =>
        Provider == other.Provider && ApiKey == other.ApiKey && AwsKeys == other.AwsKeys && Addresses[0].Authority == other.Addresses[0].Authority;

    /// <summary>The name that the provider knows the model by; <c>*</c> in it stands for what the cluster's wildcard matched.</summary>
    public string UpstreamModel(ModelMatch match) => _model switch
    {
        null => match.Model,
        _ when _model.Contains('*') => _model.Replace("*", match.WildcardMatch),
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
        if (ProviderDialect.Find(provider) is not { } dialect)
        {
            Fault($"its provider '{provider}' is not one of {string.Join(", ", ProviderNames.All)}");
            dialect = ProviderDialect.Find(ProviderNames.OpenAi)!;
        }
        else if (Value(destination, SpokenApiKey) is { } api)
        {
            if (api == OnlyResponses && ProviderDialect.FindOfResponses(provider) is { } ofResponses) dialect = ofResponses;
            else Fault($"its {SpokenApiKey} '{api}' is not {OnlyResponses}, or its provider '{provider}' does not speak it");
        }

        CheckAddress(destination.Address, Fault);
        string? apiKey = null;
        if (Value(destination, ApiKeyKey) is { } reference)
        {
            if (CredentialReference.TryResolve(reference, out var value, out var fault)) apiKey = value;
            else Fault($"its {ApiKeyKey} cannot be had: {fault}");
        }

        var awsKeys = provider == ProviderNames.Bedrock ? AwsKeys.Read(key => Value(destination, key), destination.Address, apiKey is not null, Fault) : null;
        var streamUsage = dialect.TakesStreamOptions;
        if (Value(destination, StreamUsageKey) is { } usage && !bool.TryParse(usage, out streamUsage))
            Fault($"its {StreamUsageKey} '{usage}' is not true or false");

        var weight = 1d;
        if (Value(destination, WeightKey) is { } text && (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out weight) || weight is not (>= 0 and <= 1_000_000)))
            Fault($"its {WeightKey} '{text}' is not a number from 0 on");

        var order = 0;
        if (Value(destination, OrderKey) is { } place && !int.TryParse(place, NumberStyles.Integer, CultureInfo.InvariantCulture, out order))
            Fault($"its {OrderKey} '{place}' is not a whole number");

        var limits = ReadLimits(destination, Fault);
        return faults > 0 ? null : new Deployment(dialect, destination, apiKey, awsKeys)
        {
            AsksForStreamUsage = streamUsage,
            Weight = weight,
            Order = Value(destination, OrderKey) is null ? null : order,
            Limits = limits,
        };
    }

    private static CapacityLimits ReadLimits(DestinationConfig destination, Action<string> fault)
    {
        return new CapacityLimits(Limit(RpmLimitKey), Limit(TpmLimitKey), Limit(MaxParallelRequestsKey));

        long? Limit(string key)
        {
            if (Value(destination, key) is not { } text) return null;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)) return limit;

            fault($"its {key} '{text}' is not a whole number from 0 on");
            return null;
        }
    }

    private static void CheckAddress(string? text, Action<string> fault)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            fault($"its address '{text}' is not an absolute http or https address");
        else if (address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
            fault("its address holds a user, a query or a fragment");
    }

    private static string? Value(DestinationConfig destination, string key) =>
        destination.Metadata?.GetValueOrDefault(key) is { Length: > 0 } value ? value : null;
}
