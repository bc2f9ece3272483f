using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using static Proxy.Management.ApiDescription.SharedFields;

namespace Proxy.Management.Models;

/// <summary>The model endpoints in the API's document.</summary>
internal static class ModelDescriptions
{
    private static readonly DetailField[] Settings =
        [Text("model_name"), new("litellm_params", DetailShape.Object), new("model_info", DetailShape.Object), Text("id")];

    public static readonly EndpointDescription[] All =
    [
        new("POST", "/model/new", "Adds a deployment of a model, effective at once.")
        {
            Fields = Settings,
            Required = ["model_name", "litellm_params"],
            Shown = ["model_info"],
            Answer = ModelJson.Default.ModelAnswer,
        },
        new("POST", "/model/update", "Changes a deployment, named by the id in its model_info.") { Fields = Settings, Shown = ["model_info", "litellm_params"], Answer = ModelJson.Default.ModelAnswer },
        new("PATCH", "/model/{id}/update", "Changes a deployment.") { Fields = Settings, Shown = ["litellm_params"], Answer = ModelJson.Default.ModelAnswer },
        new("POST", "/model/delete", "Takes a deployment away.") { Fields = [Text("id")], Required = ["id"], Answer = ModelJson.Default.DeletedModel },
        new("GET", "/model/info", "Shows the deployments of the models that the caller may use.") { Answer = ModelInfoJson.Default.ModelList },
        new("GET", "/v1/model/info", "Shows the deployments of the models that the caller may use.") { Answer = ModelInfoJson.Default.ModelList },
        new("GET", "/v2/model/info", "Shows deployments in pages.") { Answer = ModelInfoJson.Default.ModelPage },
        new("GET", "/model_group/info", "Shows the models that the caller may use, each with its deployments taken together.") { Answer = ModelInfoJson.Default.ModelGroups },
    ];
}
