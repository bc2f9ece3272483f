using System.Text.Json.Nodes;
using Proxy.Logging.Records;

namespace Proxy.Tests.Gateway;

/// <summary>Bodies for <c>POST /team/{id}/callback</c>.</summary>
internal static class TestCallbacks
{
    public static JsonObject Langfuse(LogTarget target) => new()
    {
        ["callback_name"] = "langfuse",
        ["callback_type"] = "success_and_failure",
        ["callback_vars"] = new JsonObject
        {
            ["langfuse_public_key"] = target.PublicKey,
            ["langfuse_secret_key"] = target.SecretKey,
            ["langfuse_host"] = target.Host.ToString(),
        },
    };
}
