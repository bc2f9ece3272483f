using System.Text.Json;
using Proxy.Host.Configuration;
using Proxy.Host.Providers;
using Proxy.Host.Providers.Bedrock;
using Proxy.Management.Models;
using Proxy.Management.Prices;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Models;

/// <summary>The deployments of the database as destinations, beside those of proxy.json.</summary>
internal static class StoredModels
{
    /// <summary>Set on destinations that stand in the database.</summary>
    public const string StoredKey = "(stored)";

    /// <summary>LiteLLM's mark of a deployment that speaks the Responses API alone, before the model.</summary>
    private const string ResponsesPrefix = "responses/";

    /// <summary>Its mark of Bedrock's one API that is spoken here.</summary>
    private const string ConversePrefix = "converse/";

    /// <summary>Adds each to the cluster that serves its name already, or to one of its own.</summary>
    public static List<ClusterConfig> AddTo(IReadOnlyList<ClusterConfig> clusters, IReadOnlyList<StoredModel> models, List<string> faults)
    {
        var all = clusters.ToList();
        var indexes = IndexByName(all);
        var ids = all.Select(cluster => cluster.ClusterId).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var grown = new Dictionary<int, Dictionary<string, DestinationConfig>>();
        foreach (var model in models)
        {
            if (!indexes.TryGetValue(model.Name, out var index))
            {
                if (!ids.Add(model.Name))
                {
                    faults.Add($"The name '{model.Name}' is that of a cluster which serves other models.");
                    continue;
                }

                indexes[model.Name] = index = all.Count;
                all.Add(new ClusterConfig { ClusterId = model.Name });
            }

            if (!grown.TryGetValue(index, out var destinations))
            {
                grown[index] = destinations = new(all[index].Destinations ?? new Dictionary<string, DestinationConfig>(), StringComparer.OrdinalIgnoreCase);
                all[index] = all[index] with { Destinations = destinations };
            }

            if (!destinations.TryAdd(model.Id, ToDestination(model))) faults.Add($"The model '{model.Name}' has a destination '{model.Id}' already.");
        }

        return all;
    }

    /// <summary>Prices that stand with a deployment.</summary>
    public static PriceTable AddTo(PriceTable prices, IReadOnlyList<ClusterConfig> clusters, IReadOnlyList<StoredModel> models)
    {
        var own = new Dictionary<string, ModelPrice>(StringComparer.Ordinal);
        var indexes = IndexByName(clusters);
        foreach (var model in models)
        {
            using var document = JsonDocument.Parse(model.Params);
            if (Number(document.RootElement, "input_cost_per_token") is not { } input) continue;

            own[$"{clusters[indexes[model.Name]].ClusterId}/{model.Id}"] = new ModelPrice(input, Number(document.RootElement, "output_cost_per_token") ?? 0);
        }

        return own.Count == 0 ? prices : prices.With(own);
    }

    /// <summary>What clients call a cluster's model.</summary>
    public static IReadOnlyList<string> NamesOf(ClusterConfig cluster) =>
        ModelReader.Split(cluster.Metadata?.GetValueOrDefault(ModelReader.ModelsKey)) is { Count: > 0 } names ? names : [cluster.ClusterId];

    /// <summary>Which cluster serves a name: the first that has it.</summary>
    private static Dictionary<string, int> IndexByName(IReadOnlyList<ClusterConfig> clusters)
    {
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < clusters.Count; index++)
        {
            foreach (var name in NamesOf(clusters[index])) indexes.TryAdd(name, index);
        }

        return indexes;
    }

    private static DestinationConfig ToDestination(StoredModel model)
    {
        using var document = JsonDocument.Parse(model.Params);
        var parameters = document.RootElement;
        var (provider, upstream) = ProviderOf(Text(parameters, "model") ?? "", Text(parameters, "custom_llm_provider"));
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            [StoredKey] = bool.TrueString,
            [Deployment.ProviderKey] = provider,
            [Deployment.ModelKey] = upstream,
        };
        if (provider == ProviderNames.Bedrock && upstream.StartsWith(ConversePrefix, StringComparison.Ordinal)) metadata[Deployment.ModelKey] = upstream[ConversePrefix.Length..];
        if (upstream.StartsWith(ResponsesPrefix, StringComparison.Ordinal) && ProviderDialect.FindOfResponses(provider) is not null)
        {
            metadata[Deployment.SpokenApiKey] = Deployment.OnlyResponses;
            metadata[Deployment.ModelKey] = upstream[ResponsesPrefix.Length..];
        }

        Add(Deployment.ApiKeyKey, Text(parameters, "api_key"));
        Add(AwsKeys.AccessKeyIdKey, Text(parameters, "aws_access_key_id"));
        Add(AwsKeys.SecretAccessKeyKey, Text(parameters, "aws_secret_access_key"));
        Add(AwsKeys.SessionTokenKey, Text(parameters, "aws_session_token"));
        Add(AwsKeys.RegionKey, Text(parameters, "aws_region_name"));
        Add(Deployment.ApiVersionKey, Text(parameters, "api_version"));
        Add(Deployment.WeightKey, Raw(parameters, "weight"));
        Add(Deployment.OrderKey, Raw(parameters, "order"));
        Add(Deployment.RpmLimitKey, Raw(parameters, "rpm"));
        Add(Deployment.TpmLimitKey, Raw(parameters, "tpm"));
        Add(Deployment.MaxParallelRequestsKey, Raw(parameters, "max_parallel_requests"));
        if (parameters.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Array)
            Add(Deployment.TagsKey, string.Join(',', tags.EnumerateArray().Select(tag => tag.GetString())));
        return new DestinationConfig
        {
            Address = Text(parameters, "api_base")?.TrimEnd('/') ?? ProviderDialect.Find(provider)?.UsualAddressIn(Text(parameters, "aws_region_name")) ?? "",
            Metadata = metadata,
        };

        void Add(string key, string? value)
        {
            if (!string.IsNullOrEmpty(value)) metadata[key] = value;
        }
    }

    /// <summary>The provider is named apart, or before the first slash of the model; without either it speaks OpenAI's API.</summary>
    private static (string Provider, string Model) ProviderOf(string model, string? stated)
    {
        var cut = model.IndexOf('/');
        var prefix = cut > 0 ? model[..cut] : "";
        if (stated is not null) return (stated, prefix == stated ? model[(cut + 1)..] : model);

        return ProviderNames.All.Contains(prefix) ? (prefix, model[(cut + 1)..]) : (ProviderNames.OpenAi, model);
    }

    private static string? Text(JsonElement parameters, string name) =>
        parameters.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Raw(JsonElement parameters, string name) =>
        parameters.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;

    private static decimal? Number(JsonElement parameters, string name) =>
        parameters.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) ? number : null;
}
