using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A stream that breaks tells it once and ends badly, over each version of HTTP and in each API: neither may cost the other.</summary>
internal sealed class BrokenEndTests
{
    private const int Calls = 16;
    private ScriptedProvider _provider = null!;
    private TestGateway _gateway = null!;
    private string _key = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = new ScriptedProvider { Answer = Cut };
        var clusters = new JsonObject
        {
            ["gpt-4o-mini"] = TestClusters.Cluster($"{_provider.Address}v1"),
            ["claude"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Provider"] = "anthropic", ["ApiKey"] = TestClusters.FakeProviderKey }),
        };
        var kestrel = new JsonObject
        {
            ["Endpoints"] = new JsonObject
            {
                ["A"] = new JsonObject { ["Url"] = "http://127.0.0.1:0" },
                ["B"] = new JsonObject { ["Url"] = "http://127.0.0.1:0", ["Protocols"] = "Http2" },
            },
        };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Kestrel"] = kestrel, ["Requests"] = new JsonObject { ["ReaderTimeout"] = "00:00:02" } });
        _key = await _gateway.CreateKeyAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Test]
    public Task A_cut_stream_tells_it_once_and_ends_badly() => Task.WhenAll(
        from path in new[] { "/v1/chat/completions", "/v1/messages" }
        from version in new[] { "1.1", "2.0" }
        select CheckAsync(path, version));

    [Test]
    public async Task A_reader_that_stalls_over_http_2_is_cut_and_recorded()
    {
        var endless = string.Concat(Enumerable.Repeat($"data: {OpenAiBodies.Chunk(new string('y', 4000))}\n\n", 5_000));
        _provider.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(endless) };
        using var client = _gateway.With(_key);
        client.BaseAddress = AddressOf("2.0");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("""{"model":"gpt-4o-mini","stream":true,"messages":[]}"""),
        };

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var rows = await Eventually.BecomesAsync(_gateway.LedgerAsync, rows => rows.Count > 0);

        rows.Single().Should().BeEquivalentTo(new { Outcome = "Aborted", ErrorType = "timeout_error", IsEstimated = true });
        (await response.ReadAsFarAsItGoesAsync()).IsWhole.Should().BeFalse();
    }

    private async Task CheckAsync(string path, string version)
    {
        using var client = _gateway.With(_key);
        client.BaseAddress = AddressOf(version);
        var isChat = path != "/v1/messages";

        var answers = await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => AskAsync(client, path, isChat ? "gpt-4o-mini" : "claude", new Version(version))));

        foreach (var (text, isWhole) in answers)
        {
            isWhole.Should().BeFalse();
            text.Should().Contain("half").And.NotContain("[DONE]").And.NotContain("message_stop");
            text.Split(isChat ? "data: {\"error\":" : "event: error\n").Should().HaveCount(2);
            text.Should().EndWith("\n\n");
        }
    }

    private Uri AddressOf(string version)
    {
        var addresses = _gateway.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var other = addresses.Select(address => new Uri(address)).Single(address => address.Port != _gateway.Address.Port);
        return version == "2.0" ? other : _gateway.Address;
    }

    private static async Task<(string Text, bool IsWhole)> AskAsync(HttpClient client, string path, string model, Version version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent($$"""{"model":"{{model}}","stream":true,"max_tokens":9,"messages":[]}"""),
        };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Version.Should().Be(version);
        return await response.ReadAsFarAsItGoesAsync();
    }

    private static ProviderScript Cut(string body)
    {
        var whole = body.Contains("claude")
            ? new ProviderScript { Body = Encoding.UTF8.GetBytes(AnthropicBodies.Stream("half")) }
            : ProviderScript.Stream(OpenAiBodies.Stream("half"));
        return whole with { CutAt = whole.Body.Length - 50 };
    }
}
