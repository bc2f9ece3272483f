using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Proxy.Host.Hosting;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;
using Proxy.Tests.Logging;

namespace Proxy.Tests.Gateway;

/// <summary>The whole program on a loopback port of its own, with a folder of its own; in this process, so that tests are quick.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestFolder _folder;
    private readonly CapturedLog _log = new();
    private bool _isStopped;

    private TestGateway(WebApplication app, TestFolder folder)
    {
        _app = app;
        _folder = folder;
        Address = new Uri(app.Urls.First());
        AdminKey = File.ReadAllText(Path.Combine(folder.Path, "data", "master-key")).Trim();
        Admin = With(AdminKey);
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(_log);
    }

    public Uri Address { get; }

    public string AdminKey { get; }

    public HttpClient Admin { get; }

    public TestFolder Folder => _folder;

    public IServiceProvider Services => _app.Services;

    /// <param name="clusters">The clusters of proxy.json; none gives the demo model.</param>
    /// <param name="sections">Further sections of proxy.json.</param>
    public static async Task<TestGateway> StartAsync(JsonObject? clusters = null, JsonObject? sections = null)
    {
        var folder = await TestFolder.CreateAsync();
        folder.WriteConfig(clusters ?? TestClusters.Demo, sections);
        return await StartAsync(folder);
    }

    /// <summary>Starts on what a folder holds; the folder goes with the gateway.</summary>
    public static async Task<TestGateway> StartAsync(TestFolder folder)
    {
        var (app, faults) = await Host.Hosting.Gateway.CreateAsync(new GatewayOptions(folder.ConfigPath, "http://127.0.0.1:0"));
        faults.Should().BeEmpty();
        await app!.StartAsync();
        return new TestGateway(app, folder);
    }

    public HttpClient With(string? key)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 }) { BaseAddress = Address };
        if (key is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>A management call that must succeed.</summary>
    public async Task<JsonObject> PostAsync(string path, JsonObject? body = null)
    {
        using var response = await Admin.PostAsJsonAsync(path, body ?? []);
        var text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.Should().BeTrue("{0} answered {1}: {2}", path, response.StatusCode, text);
        return JsonNode.Parse(text)!.AsObject();
    }

    public async Task<string> CreateKeyAsync(JsonObject? fields = null) => (await PostAsync("/key/generate", fields))["key"]!.GetValue<string>();

    public async Task<string> CreateTeamAsync(JsonObject? fields = null) => (await PostAsync("/team/new", fields))["team_id"]!.GetValue<string>();

    public Task<JsonObject> LogToAsync(string team, LogTarget target) => PostAsync($"/team/{team}/callback", TestCallbacks.Langfuse(target));

    /// <summary>Waits until the program has logged a line with this text.</summary>
    public Task LogBecomesAsync(string text) =>
        Eventually.BecomesAsync(() => Task.FromResult(_log.Lines), lines => lines.Any(line => line.Contains(text)));

    /// <summary>All that the program has logged.</summary>
    public IReadOnlyCollection<string> Log => _log.Lines;

    /// <summary>All calls that are recorded, in their order.</summary>
    public Task<IReadOnlyList<LedgerRow>> LedgerAsync() => _folder.LedgerAsync();

    /// <summary>Records that no log target has taken yet, wherever they are.</summary>
    public async Task<long> CountWaitingAsync()
    {
        var report = JsonNode.Parse(await Admin.GetStringAsync(new Uri("/logging/targets", UriKind.Relative)))!;
        return report["targets"]!.AsArray().Sum(target => target!["waiting"]!.GetValue<long>());
    }

    /// <summary>The records that wait for longer, as text.</summary>
    public Task<IReadOnlyList<string>> ReadWaitingAsync() => _folder.ReadWaitingAsync();

    /// <summary>Rows of the ledger's own database, read beside the program once it has summed its calls.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        if (!_isStopped) await (await _app.Services.GetRequiredService<Database>().OpenAsync(default)).DisposeAsync();
        return await _folder.QueryAsync<T>(sql);
    }

    /// <summary>Stops the program, but keeps its folder for another start.</summary>
    public async Task StopAsync()
    {
        if (_isStopped) return;

        _isStopped = true;
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await StopAsync();
        _folder.Dispose();
    }
}

/// <summary>A folder for one program: proxy.json and data.</summary>
internal sealed class TestFolder : IDisposable
{
    private TestDatabase? _database;

    public TestFolder() => Directory.CreateDirectory(Path);

    /// <summary>With a database of the engine that the test asks for.</summary>
    public static async Task<TestFolder> CreateAsync()
    {
        var folder = new TestFolder();
        folder._database = await TestDatabase.CreateAsync(folder.DatabasePath);
        return folder;
    }

    /// <summary>Null when the rows are in a file.</summary>
    public PostgresDatabase? Postgres => _database?.Postgres;

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"proxy-{Guid.NewGuid():N}");

    public string ConfigPath => System.IO.Path.Combine(Path, "proxy.json");

    public string DatabasePath => System.IO.Path.Combine(Path, "data", "proxy.db");

    /// <summary>A connection beside the program's.</summary>
    public Task<System.Data.Common.DbConnection> OpenAsync() => _database!.OpenAsync();

    public void WriteConfig(JsonObject clusters, JsonObject? sections = null)
    {
        var config = new JsonObject
        {
            ["ReverseProxy"] = new JsonObject { ["Clusters"] = clusters.DeepClone() },
            ["Management"] = new JsonObject { ["Database"] = Postgres?.Url ?? $"sqlite:{DatabasePath}", ["DataFolder"] = System.IO.Path.Combine(Path, "data") },
            ["Rehearsal"] = new JsonObject { ["Enabled"] = false },
            ["CompletionLog"] = new JsonObject { ["FlushInterval"] = "00:00:00.050", ["ShutdownTimeout"] = "00:00:02" },
        };
        foreach (var (name, section) in sections ?? [])
        {
            // The database stays this folder's.
            if (name != "Management") config[name] = section!.DeepClone();
            else foreach (var (setting, value) in section!.AsObject()) config[name]![setting] = value!.DeepClone();
        }

        File.WriteAllText(ConfigPath, config.ToJsonString());
    }

    public Task<IReadOnlyList<LedgerRow>> LedgerAsync() => QueryAsync<LedgerRow>("""
        select case outcome when 0 then 'Success' when 1 then 'Failure' when 2 then 'Rejected' when 3 then 'Aborted' else 'Incomplete' end as Outcome,
               status_code as Status, error_type as ErrorType, model as Model, cost as Cost, is_estimated as IsEstimated, is_unpriced as IsUnpriced,
               input_tokens + cached_input_tokens + cache_write_tokens + output_tokens + reasoning_tokens as Tokens, call_id as Call
        from spend_log
        order by call_id
        """);

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        if (Postgres is not null) return await _database!.QueryAsync<T>(sql);

        await using var connection = Open();
        return [.. await connection.QueryAsync<T>(sql)];
    }

    /// <summary>The records that wait for longer, as text.</summary>
    public async Task<IReadOnlyList<string>> ReadWaitingAsync()
    {
        if (Postgres is not null) return [.. (await QueryAsync<byte[]>("select body from outbox")).Select(Encoding.UTF8.GetString)];

        await using var connection = Open();
        return [.. (await OutboxRows.ReadAsync(connection, new JournalPlace(DatabasePath + "-log", IsFlushed: false))).Values];
    }

    private SqliteConnection Open() => new($"Data Source={DatabasePath};Mode=ReadOnly;Pooling=False");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        if (_database is not null) Task.Run(async () => await _database.DisposeAsync()).GetAwaiter().GetResult();
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
    }
}

/// <summary>A recorded call. The cost is in 10⁻¹² dollars.</summary>
internal sealed record LedgerRow
{
    public string Outcome { get; init; } = "";

    public long Status { get; init; }

    public string? ErrorType { get; init; }

    public string Model { get; init; } = "";

    public long Cost { get; init; }

    public bool IsEstimated { get; init; }

    public bool IsUnpriced { get; init; }

    public long Tokens { get; init; }

    /// <summary>Hex digits without dashes.</summary>
    public string CallId => Convert.ToHexStringLower(Call);

    public byte[] Call { get; init; } = [];
}

/// <summary>Clusters for proxy.json.</summary>
internal static class TestClusters
{
    public static JsonObject Demo => new() { ["demo"] = Cluster("http://demo.invalid/v1", new JsonObject { ["Provider"] = "demo" }) };

    /// <summary>One model at one provider, which has the given credential.</summary>
    public static JsonObject At(Uri provider, string model = "gpt-4o-mini", JsonObject? metadata = null) => new() { [model] = Cluster($"{provider}v1", metadata) };

    public static JsonObject Cluster(string address, JsonObject? metadata = null) => new()
    {
        ["Destinations"] = new JsonObject
        {
            ["first"] = new JsonObject { ["Address"] = address, ["Metadata"] = metadata?.DeepClone() ?? new JsonObject { ["ApiKey"] = FakeProviderKey } },
        },
    };

    public const string FakeProviderKey = "upstream-credential-3f9a";
}
