using System.Text.Json.Nodes;
using Proxy.Host.Configuration;
using Proxy.Host.Providers;
using Proxy.Management.Access;
using Proxy.Management.Models;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Models;

/// <summary>Serves the models of the database: they are read and checked as one with proxy.json, and reach calls as one snapshot.</summary>
internal sealed class ModelRouting(ProxyFile file, SettingsSource settings) : IModelRouting
{
    public async Task<IReadOnlyList<string>> CheckAsync(IReadOnlyList<StoredModel> models) => (await file.ReadAsync(models)).Faults;

    public async Task<bool> ServeAsync(IReadOnlyList<StoredModel> models)
    {
        using var turn = await settings.TakeTurnAsync();
        var (next, _, _) = await file.ReadAsync(models);
        if (next is null || !await settings.ApplyAsync(next)) return false;

        settings.StoredModels = models;
        return true;
    }

    public IEnumerable<JsonObject> Show(Caller caller)
    {
        var current = settings.Current;
        var stored = settings.StoredModels.ToDictionary(model => model.Id, StringComparer.OrdinalIgnoreCase);
        return
            from cluster in current.Clusters
            where cluster.Destinations is { Count: > 0 }
            from name in StoredModels.NamesOf(cluster)
            where caller.FindModelRefusal(name, current.AccessGroups.Of(cluster.ClusterId)) is null
            from destination in cluster.Destinations!
            orderby name, destination.Key
            let own = destination.Value.Metadata?.ContainsKey(StoredModels.StoredKey) == true ? stored.GetValueOrDefault(destination.Key) : null
            select new JsonObject
            {
                ["model_name"] = name,
                ["litellm_params"] = ParamsOf(destination.Value, own, caller),
                ["model_info"] = InfoOf(current, cluster, destination, own),
            };
    }

    /// <remarks>Where a deployment is, only admins see.</remarks>
    private static JsonObject ParamsOf(DestinationConfig destination, StoredModel? own, Caller caller)
    {
        var metadata = destination.Metadata ?? new Dictionary<string, string>();
        var shown = own is not null ? ModelView.WithoutSecrets(own.Params) : new JsonObject
        {
            ["model"] = metadata.GetValueOrDefault(Deployment.DeploymentKey) ?? metadata.GetValueOrDefault(Deployment.ModelKey),
        };
        shown["custom_llm_provider"] = metadata.GetValueOrDefault(Deployment.ProviderKey) ?? ProviderNames.OpenAi;
        if (caller.IsProxyAdmin) shown["api_base"] = destination.Address;
        else shown.Remove("api_base");
        return shown;
    }

    private static JsonObject InfoOf(ProxySettings settings, ClusterConfig cluster, KeyValuePair<string, DestinationConfig> destination, StoredModel? own)
    {
        var modelId = $"{cluster.ClusterId}/{destination.Key}";
        var upstream = destination.Value.Metadata?.GetValueOrDefault(Deployment.DeploymentKey) ?? destination.Value.Metadata?.GetValueOrDefault(Deployment.ModelKey);
        var price = settings.Prices.FindPrice(modelId, upstream, StoredModels.NamesOf(cluster)[0]);
        var info = own is null ? [] : JsonNode.Parse(own.Info)!.AsObject();
        info["id"] = own?.Id ?? modelId;
        info["db_model"] = own is not null;
        if (own is not null) (info["created_at"], info["updated_at"]) = (own.CreatedAt, own.UpdatedAt);
        info["mode"] ??= price?.Mode;
        info["max_tokens"] ??= price?.MaxOutputTokens;
        info["max_input_tokens"] ??= price?.MaxInputTokens;
        info["max_output_tokens"] ??= price?.MaxOutputTokens;
        info["input_cost_per_token"] = price?.InputCostPerToken;
        info["output_cost_per_token"] = price?.OutputCostPerToken;
        return info;
    }
}
