using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Proxy.Benchmarks.Load.Subjects;

/// <summary>This gateway, its Release build, in a process of its own: one subject with everything switched on, and one for each thing switched off.</summary>
internal static class Gateway
{
    public const string Everything = "gateway, everything on";
    public const string WithoutLog = "gateway, no Langfuse";

    private const string MasterKey = "sk-benchmark-master-key-0123456789";
    private const string Limits = "\"rpm_limit\":100000000,\"tpm_limit\":1000000000000,\"max_parallel_requests\":100000";
    private const string Budget = "\"max_budget\":1000000,\"budget_duration\":\"30d\"";

    /// <param name="moreModels">Models besides those of the load.</param>
    /// <param name="build">The folder of the program; null for the one beside the benchmarks.</param>
    public static async Task<(MeasuredProcess Process, int Port)> LaunchAsync(
        int core, int providerPort, string folder, IEnumerable<KeyValuePair<string, string>> settings, long moreModels = 0, string? build = null)
    {
        var port = MeasuredProcess.FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder, "proxy.json"), Configuration(providerPort, moreModels));
        var environment = new Dictionary<string, string>(settings) { ["PROXY_MASTER_KEY"] = MasterKey };
        var process = await MeasuredProcess.StartAsync(
            core, port, folder, environment, "dotnet", Path.Combine(Path.GetFullPath(build ?? AppContext.BaseDirectory), "Proxy.Host.dll"), "--urls", $"http://127.0.0.1:{port}");
        return (process, port);
    }

    /// <param name="logPort">Where the log goes; null for the provider, which takes it too.</param>
    /// <param name="build">The folder of the program; null for the one beside the benchmarks.</param>
    public static async Task<IReadOnlyList<Subject>> StartAsync(
        int core, int providerPort, string folder, IEnumerable<KeyValuePair<string, string>> settings, int? logPort = null, string? build = null)
    {
        var (process, port) = await LaunchAsync(core, providerPort, folder, settings, build: build);
        var client = Admin(port);
        await AwaitReadyAsync(port);

        Task<Subject> AddAsync(string name, bool isLogged, string team, string key, bool isVariant) => MakeAsync(
            client,
            new Subject(name, port, null, process) { SettleAsync = () => AwaitShippedAsync(client), IsVariant = isVariant },
            isLogged ? logPort ?? providerPort : null,
            team,
            key);

        return
        [
            await AddAsync(Everything, isLogged: true, Budget + "," + Limits, Budget + "," + Limits, isVariant: false),
            await AddAsync(WithoutLog, isLogged: false, Budget + "," + Limits, Budget + "," + Limits, isVariant: false),
            await AddAsync("gateway, no limits", isLogged: true, Budget, Budget, isVariant: true),
            await AddAsync("gateway, no budgets", isLogged: true, Limits, Limits, isVariant: true),
            await AddAsync("gateway, key and record only", isLogged: false, "", "", isVariant: true),
        ];
    }

    /// <summary>Teams with a sound Langfuse, a slow one and a dead one, and one that is not logged.</summary>
    public static async Task<IReadOnlyList<Subject>> StartWithOutagesAsync(int core, int providerPort, string folder, int slowPort, int deadPort)
    {
        var (process, port) = await LaunchAsync(core, providerPort, folder, []);
        var client = Admin(port);
        await AwaitReadyAsync(port);
        return
        [
            await MakeAsync(client, new Subject("no Langfuse", port, null, process), null, "", ""),
            await MakeAsync(client, new Subject("sound Langfuse", port, null, process), providerPort, "", ""),
            await MakeAsync(client, new Subject("slow Langfuse", port, null, process), slowPort, "", ""),
            await MakeAsync(client, new Subject("dead Langfuse", port, null, process), deadPort, "", ""),
        ];
    }

    /// <summary>So many teams, each with a key and a Langfuse project of its own.</summary>
    public static async Task<IReadOnlyList<Subject>> AddTeamsAsync(MeasuredProcess process, int port, int logPort, int count)
    {
        using var client = Admin(port);
        var subjects = new List<Subject>(count);
        for (var i = 0; i < count; i++) subjects.Add(await MakeAsync(client, new Subject($"team {i}", port, null, process), logPort, Budget, Budget, project: $"pk-{i}"));
        return subjects;
    }

    /// <summary>A client with the master key.</summary>
    public static HttpClient Admin(int port) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri($"http://127.0.0.1:{port}"),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", MasterKey) },
    };

    /// <summary>Makes a team and a key for a subject.</summary>
    private static async Task<Subject> MakeAsync(HttpClient client, Subject subject, int? langfusePort, string team, string key, string project = "pk-bench")
    {
        var made = await PostAsync(client, "/team/new", "{" + team + "}");
        var id = (string)made["team_id"]!;
        if (langfusePort is { } logged) await PostAsync(client, $"/team/{id}/callback", Callback(logged, project));

        made = await PostAsync(client, "/key/generate", $$"""{"team_id":"{{id}}"{{(key.Length > 0 ? "," : "")}}{{key}}}""");
        return subject with { Key = (string)made["key"]! };
    }

    private static string Callback(int providerPort, string project) => $$"""
        {"callback_name":"langfuse","callback_type":"success_and_failure","callback_vars":{"langfuse_public_key":"{{project}}","langfuse_secret_key":"sk-bench","langfuse_host":"http://127.0.0.1:{{providerPort}}" } }
        """;

    private static string Configuration(int providerPort, long moreModels)
    {
        string[] models =
        [
            .. Enumerable.Range(0, (int)moreModels).Select(index => $"grown-{index}"),
            ProviderServer.Small, ProviderServer.Large, ProviderServer.Stream, ProviderServer.SlowStream,
        ];
        var clusters = models.Select(model =>
            $$"""
            "{{model}}": { "Destinations": { "one": { "Address": "http://127.0.0.1:{{providerPort}}/v1", "Metadata": { "Provider": "openai", "ApiKey": "provider" } } } }
            """);
        var prices = models.Select(model =>
            $$"""
            "{{model}}": { "InputCostPerToken": 0.0000025, "OutputCostPerToken": 0.00001 }
            """);
        return $$"""
            {
              "ReverseProxy": {
                "Routes": { "openai": { "Match": { "Path": "/v1/{**rest}" }, "Metadata": { "Api": "openai" } } },
                "Clusters": { {{string.Join(',', clusters)}} }
              },
              "Prices": { {{string.Join(',', prices)}} },
              "Management": { "Database": "sqlite:data/proxy.db" }
            }
            """;
    }

    /// <summary>Nothing sends calls to a program that is not ready.</summary>
    public static async Task AwaitReadyAsync(int port)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            using var answer = await client.GetAsync(new Uri("/health/readiness", UriKind.Relative), limit.Token);
            if (answer.IsSuccessStatusCode) return;
        }
        while (await timer.WaitForNextTickAsync(limit.Token));
    }

    /// <summary>Waits until the log is wholly at its target, for the shipping of a run is part of its price.</summary>
    private static async Task AwaitShippedAsync(HttpClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            var answer = JsonNode.Parse(await client.GetStringAsync(new Uri("/logging/targets", UriKind.Relative), limit.Token))!;
            if (answer["targets"]!.AsArray().Sum(target => (long)target!["waiting"]!) == 0) return;
        }
        while (await timer.WaitForNextTickAsync(limit.Token));
    }

    public static async Task<JsonNode> PostAsync(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path}: {text}");
    }
}
