using System.Net.Http.Headers;
using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Proxy.Management;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>The management API on a real port, over a database in a folder of its own.</summary>
internal sealed class ManagementServer : IAsyncDisposable
{
    public const string MasterKeyText = "sk-master-of-the-tests-0123456789";

    private static readonly SocketsHttpHandler Handler = new() { UseCookies = false };

    private readonly WebApplication _app;

    private ManagementServer(WebApplication app, string folder, TestDatabase database, ManualTimeProvider time)
    {
        (_app, Folder, Database, Time) = (app, folder, database, time);
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Admin = With(MasterKeyText);
    }

    public Uri Address { get; }

    public string Folder { get; }

    public TestDatabase Database { get; }

    public ManualTimeProvider Time { get; }

    /// <summary>A client that holds the master key.</summary>
    public HttpClient Admin { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="configure">Services that a host application registers.</param>
    /// <param name="change">Settings other than the usual ones.</param>
    public static async Task<ManagementServer> StartAsync(Action<IServiceCollection>? configure = null, Func<ManagementSettings, ManagementSettings>? change = null)
    {
        var folder = Directory.CreateTempSubdirectory("proxy-tests-").FullName;
        var database = await TestDatabase.CreateAsync($"{folder}/proxy.db");
        var time = new ManualTimeProvider();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(folder, "protection")));
        var settings = new ManagementSettings(database.Setting, Synchronous.Normal, MasterKey.LoadOrCreate(folder, MasterKeyText));
        builder.Services.AddProxyManagement(change?.Invoke(settings) ?? settings);

        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseExceptionHandler(failed => failed.Run(context =>
        {
            // A failing test should say what happened.
            var exception = context.Features.Get<IExceptionHandlerFeature>()!.Error;
            return ErrorWriter.WriteAsync(context, new ProxyError(500, ProxyError.InternalServerError, exception.ToString()));
        }));
        app.MapProxyManagement();
        await app.Services.UpgradeManagementSchemaAsync();
        await app.StartAsync();
        return new ManagementServer(app, folder, database, time);
    }

    public HttpClient With(string key)
    {
        var client = Anonymous();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public HttpClient Anonymous() => new(Handler, disposeHandler: false) { BaseAddress = Address };

    /// <summary>Makes a key with these fields, written as JSON without the braces.</summary>
    public async Task<string> CreateKeyAsync(string fields = "")
    {
        var (status, body) = await Admin.PostAsync("/key/generate", $"{{{fields}}}");
        status.Should().Be(200, body.ToString());
        return body.GetProperty("key").GetString()!;
    }

    /// <summary>Makes a team with these fields, written as JSON without the braces.</summary>
    public async Task<string> CreateTeamAsync(string fields = "")
    {
        var (status, body) = await Admin.PostAsync("/team/new", $"{{{fields}}}");
        status.Should().Be(200, body.ToString());
        return body.GetProperty("team_id").GetString()!;
    }

    /// <summary>Rows, read beside the program once it has summed its calls.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        await (await Services.GetRequiredService<Proxy.Management.Storage.Database>().OpenAsync(default)).DisposeAsync();
        return await Database.QueryAsync<T>(sql);
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Database.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>Calls that return what tests look at: the status and the JSON body.</summary>
internal static class ManagementCalls
{
    public static async Task<(int Status, JsonElement Body)> PostAsync(this HttpClient client, string path, string json)
    {
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        return await ReadAsync(response);
    }

    public static async Task<(int Status, JsonElement Body)> GetJsonAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        return await ReadAsync(response);
    }

    /// <summary>Status, type, param and code of a refusal, which has this one shape.</summary>
    public static (int Status, string? Type, string? Param) Refusal(this (int Status, JsonElement Body) answer)
    {
        var error = answer.Body.GetProperty("error");
        error.GetProperty("code").GetString().Should().Be(answer.Status.ToString());
        return (answer.Status, error.GetProperty("type").GetString(), error.GetProperty("param").GetString());
    }

    public static string Message(this (int Status, JsonElement Body) answer) =>
        answer.Body.GetProperty("error").GetProperty("message").GetString()!;

    private static async Task<(int Status, JsonElement Body)> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var body = text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
        return ((int)response.StatusCode, body);
    }
}
