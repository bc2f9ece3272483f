namespace Proxy.Benchmarks.Load.Subjects;

/// <summary>Portkey's gateway as npm has it, when it is installed: <c>PORTKEY_GATEWAY</c> names its folder under <c>node_modules</c>.</summary>
internal static class Portkey
{
    public const string Name = "Portkey";

    private const string FolderVariable = "PORTKEY_GATEWAY";

    public static async Task<Subject?> TryStartAsync(int core, int providerPort)
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { Length: > 0 } folder) return null;

        var port = MeasuredProcess.FreePort();
        var environment = new Dictionary<string, string> { ["NODE_ENV"] = "production" };
        var process = await MeasuredProcess.StartAsync(
            core, port, folder, environment, "node", Path.Combine(folder, "build", "start-server.js"), $"--port={port}", "--headless");
        return new Subject(Name, port, Key: "provider", process)
        {
            Headers = $"x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:{providerPort}/v1\r\n",
        };
    }
}
