using System.Text.Json.Nodes;
using Proxy.Management.Access;

namespace Proxy.Management.Models;

/// <summary>Where models are served. The host knows; this room keeps what it is told to serve beside its configuration.</summary>
public interface IModelRouting
{
    /// <returns>What is wrong with serving these, in sentences without secrets; none when they can be served.</returns>
    Task<IReadOnlyList<string>> CheckAsync(IReadOnlyList<StoredModel> models);

    /// <summary>Serves these from the next call on.</summary>
    /// <returns>False when the old ones serve on.</returns>
    Task<bool> ServeAsync(IReadOnlyList<StoredModel> models);

    /// <summary>Every deployment of a model that the caller may use, wherever it stands: <c>model_name</c>, <c>litellm_params</c> without secrets, <c>model_info</c>.</summary>
    IEnumerable<JsonObject> Show(Caller caller);
}
