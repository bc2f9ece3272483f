using System.Text.Json.Nodes;

namespace Proxy.Host.Rehearsals;

/// <summary>What is said in a rehearsal: calls with everything switched on, to a model whose provider is the same gateway's demo.</summary>
internal static class RehearsalScript
{
    /// <summary>Where the log of a rehearsal goes.</summary>
    public const string LogPath = "/rehearsal-log";

    private const string Model = "rehearsal";
    private const int LongPrompt = 32 * 1024;

    /// <summary>Of a team and of a key: more than a rehearsal spends.</summary>
    public const string Terms = """{"max_budget":1000000,"budget_duration":"30d","rpm_limit":1000000,"tpm_limit":1000000000,"max_parallel_requests":1000}""";

    /// <summary>Short, streamed and long calls, in the shares in which they come.</summary>
    public static IReadOnlyList<string> Bodies { get; } = [Body(""), Body("", isStream: true), Body(""), Body(new string('a', LongPrompt))];

    public static string Callback(int port) => new JsonObject
    {
        ["callback_name"] = "langfuse",
        ["callback_type"] = "success_and_failure",
        ["callback_vars"] = new JsonObject
        {
            ["langfuse_public_key"] = "pk-rehearsal",
            ["langfuse_secret_key"] = "sk-rehearsal",
            ["langfuse_host"] = $"http://127.0.0.1:{port}{LogPath}",
        },
    }.ToJsonString();

    /// <param name="port">Where the gateway of the rehearsal listens.</param>
    /// <param name="masterKey">Its key, by which it calls itself.</param>
    public static string Configuration(int port, string masterKey) => new JsonObject
    {
        ["ReverseProxy"] = new JsonObject
        {
            ["Routes"] = new JsonObject
            {
                ["openai"] = new JsonObject { ["Match"] = new JsonObject { ["Path"] = "/v1/{**rest}" }, ["Metadata"] = new JsonObject { ["Api"] = "openai" } },
            },
            ["Clusters"] = new JsonObject
            {
                [Model] = Cluster($"http://127.0.0.1:{port}/v1", new JsonObject { ["Provider"] = "openai", ["ApiKey"] = masterKey, ["Model"] = "demo" }),
                ["demo"] = Cluster("http://demo.invalid/v1", new JsonObject { ["Provider"] = "demo" }),
            },
        },
        ["Prices"] = new JsonObject { [Model] = new JsonObject { ["InputCostPerToken"] = 0.000001, ["OutputCostPerToken"] = 0.000001 } },
        ["CompletionLog"] = new JsonObject { ["FlushInterval"] = "00:00:00.050", ["ShutdownTimeout"] = "00:00:00.500" },
        ["Logging"] = new JsonObject { ["LogLevel"] = new JsonObject { ["Default"] = "None" } },
    }.ToJsonString();

    private static JsonObject Cluster(string address, JsonObject metadata) => new()
    {
        ["Destinations"] = new JsonObject { ["one"] = new JsonObject { ["Address"] = address, ["Metadata"] = metadata } },
    };

    private static string Body(string padding, bool isStream = false) => new JsonObject
    {
        ["model"] = Model,
        ["stream"] = isStream,
        ["temperature"] = 0.2,
        ["messages"] = new JsonArray(
            new JsonObject { ["role"] = "system", ["content"] = "You rehearse." },
            new JsonObject { ["role"] = "user", ["content"] = "Say what you hear. " + padding }),
    }.ToJsonString();
}
