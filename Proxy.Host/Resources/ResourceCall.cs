using Proxy.Host.Models;
using Proxy.Management.Resources;

namespace Proxy.Host.Resources;

/// <summary>A call about things that a provider keeps, once it is known which and where.</summary>
internal sealed record ResourceCall(string Method, ResourcePath Path, DeploymentPlace Place)
{
    /// <summary>What the path names; null for what is to be made, and for lists.</summary>
    public Resource? Resource { get; init; }

    /// <summary>Whether the body goes on as it comes, since it is a file.</summary>
    public bool IsUpload { get; init; }

    /// <summary>The provider's name of the model that the body states; null when it states none.</summary>
    public string? UpstreamModel { get; init; }
}
