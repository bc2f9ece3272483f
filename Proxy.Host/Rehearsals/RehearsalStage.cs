using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using OpenTelemetry;
using Proxy.Host.Configuration;
using Proxy.Host.Hosting;
using Proxy.Management;
using Proxy.Management.Access;
using Proxy.Management.Storage;

namespace Proxy.Host.Rehearsals;

/// <summary>
/// A second gateway in this process, with a database, a provider and a log target of its own that go with it: what the compiler learns from its calls is the
/// whole program's, and nothing of them is in the ledger, the log or the telemetry of the real one.
/// </summary>
internal sealed class RehearsalStage : IAsyncDisposable
{
    /// <summary>A method is compiled anew after 30 calls, and once more after 30 further ones; some are called once per stream, connection or commit only.</summary>
    private const int Waves = 8;
    private const int CallsPerWave = 64;
    private const int Connections = 8;

    /// <summary>In which the compiler's own thread gets to what the wave has asked for.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly DirectoryInfo _folder;
    private readonly WebApplication _app;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null });

    private RehearsalStage(DirectoryInfo folder, WebApplication app) => (_folder, _app) = (folder, app);

    public static async Task<RehearsalStage> OpenAsync(CancellationToken cancellationToken)
    {
        // Nobody traces a rehearsal; what starts here, and what that starts, knows it.
        using var quiet = SuppressInstrumentationScope.Begin();
        var folder = Directory.CreateTempSubdirectory("proxy-rehearsal-");
        var port = FreePort();
        var masterKey = "sk-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var file = new ProxyFile(Path.Combine(folder.FullName, "proxy.json"));
        await File.WriteAllTextAsync(file.Path, RehearsalScript.Configuration(port, masterKey), cancellationToken);

        // The file alone: the environment speaks of the real gateway.
        using var bytes = new MemoryStream(await File.ReadAllBytesAsync(file.Path, cancellationToken));
        var configuration = new ConfigurationBuilder().AddJsonStream(bytes).Build();
        var (settings, faults) = await ProxySettingsReader.ReadAsync(configuration, configuration, []);
        if (settings is null) throw new InvalidOperationException(string.Join(' ', faults));

        var management = new ManagementSettings(
            "sqlite:" + Path.Combine(folder.FullName, "proxy.db"), Synchronous.Normal, MasterKey.LoadOrCreate(folder.FullName, masterKey));
        var app = GatewayBuilder.BuildRehearsal(file, settings, configuration, management, folder.FullName, $"http://127.0.0.1:{port}");
        var stage = new RehearsalStage(folder, app);
        try
        {
            await Gateway.PrepareAsync(app.Services);
            await app.StartAsync(cancellationToken);
            stage._client.BaseAddress = new Uri(app.Urls.First());
            stage.Speak(masterKey);
            stage.Speak(await stage.MakeKeyAsync(port, cancellationToken));
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <returns>How many calls were made.</returns>
    public async Task<int> PlayAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var quiet = SuppressInstrumentationScope.Begin();
        for (var wave = 0; wave < Waves; wave++)
        {
            var calls = Enumerable.Range(0, CallsPerWave).Select(index => RehearsalScript.Bodies[index % RehearsalScript.Bodies.Count]);
            await Parallel.ForEachAsync(
                calls, new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = cancellationToken }, CallAsync);
            await Task.Delay(Pause, time, cancellationToken);
        }

        return Waves * CallsPerWave;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async ValueTask CallAsync(string body, CancellationToken cancellationToken) => await PostAsync("/v1/chat/completions", body, cancellationToken);

    private async Task<string> MakeKeyAsync(int port, CancellationToken cancellationToken)
    {
        var team = JsonNode.Parse(await PostAsync("/team/new", RehearsalScript.Terms, cancellationToken))!["team_id"]!.GetValue<string>();
        await PostAsync($"/team/{team}/callback", RehearsalScript.Callback(port), cancellationToken);
        var key = JsonNode.Parse(RehearsalScript.Terms)!.AsObject();
        key["team_id"] = team;
        return JsonNode.Parse(await PostAsync("/key/generate", key.ToJsonString(), cancellationToken))!["key"]!.GetValue<string>();
    }

    private async Task<string> PostAsync(string path, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        return await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellationToken);
    }

    /// <summary>The configuration must name the address before anything listens on it; should another program take it meanwhile, there is no rehearsal.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Speak(string key) => _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
}
