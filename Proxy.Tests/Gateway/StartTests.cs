using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using NUnit.Framework;

namespace Proxy.Tests.Gateway;

/// <summary>The program as an operator starts it.</summary>
internal sealed class StartTests
{
    private readonly TestFolder _folder = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    [TearDown]
    public void RemoveFolder()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_first_start_makes_an_admin_key_shows_it_once_and_keeps_it_for_the_operator_alone()
    {
        _folder.WriteConfig(TestClusters.Demo);
        var path = Path.Combine(_folder.Path, "data", "master-key");

        string first;
        await using (var gateway = await GatewayProcess.StartAsync(_folder))
        {
            first = File.ReadAllText(path).Trim();
            (await Eventually.BecomesAsync(() => Task.FromResult(gateway.Output), output => output.Contains(first))).Should().Contain(first);
            (await IsAdminAsync(gateway, first)).Should().BeTrue();
            (await gateway.TerminateAsync()).Should().Be(0);
            Directory.GetFiles(Path.GetDirectoryName(path)!, "proxy.db*").Select(Path.GetFileName).Should().BeEquivalentTo(["proxy.db", "proxy.db.lock"], "a copy of the database is whole then");
        }

        await using var again = await GatewayProcess.StartAsync(_folder);
        (await IsAdminAsync(again, first)).Should().BeTrue();
        again.Output.Should().NotContain(first);
        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        foreach (var secret in Directory.EnumerateFiles(Path.Combine(_folder.Path, "data"), "*", SearchOption.AllDirectories))
        {
            var others = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            (File.GetUnixFileMode(secret) & others).Should().Be(UnixFileMode.None, "of {0}", Path.GetFileName(secret));
        }
    }

    [Test]
    public async Task The_environment_goes_over_the_file_and_gives_the_admin_key()
    {
        _folder.WriteConfig(TestClusters.Demo);
        var environment = new Dictionary<string, string> { ["PROXY_MASTER_KEY"] = "sk-from-the-environment", ["Management__Database"] = "sqlite:elsewhere/other.db" };

        await using var gateway = await GatewayProcess.StartAsync(_folder, environment);

        (await IsAdminAsync(gateway, "sk-from-the-environment")).Should().BeTrue();
        File.Exists(Path.Combine(_folder.Path, "elsewhere", "other.db")).Should().BeTrue();
        File.Exists(_folder.DatabasePath).Should().BeFalse();
    }

    [Test]
    public async Task Kestrels_own_section_says_how_to_listen()
    {
        _folder.WriteConfig(TestClusters.Demo);
        var environment = new Dictionary<string, string> { ["Kestrel__Endpoints__only__Url"] = "http://127.0.0.1:0", ["Kestrel__Endpoints__only__Protocols"] = "Http2" };

        await using var gateway = await GatewayProcess.StartAsync(_folder, environment);

        using var client = gateway.With("nobody");
        using var old = new HttpRequestMessage(HttpMethod.Get, "/health/liveness");
        using var next = new HttpRequestMessage(HttpMethod.Get, "/health/liveness") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        (await client.SendAsync(next)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await client.SendAsync(old)).StatusCode.Should().Be(HttpStatusCode.BadRequest, "the endpoint takes HTTP/2 alone");
    }

    [Test]
    public async Task A_host_that_is_not_allowed_is_refused()
    {
        _folder.WriteConfig(TestClusters.Demo);
        await using var gateway = await GatewayProcess.StartAsync(_folder, new Dictionary<string, string> { ["AllowedHosts"] = "llm.example; 127.0.0.1" });

        using var client = gateway.With("nobody");
        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/health/liveness") { Headers = { Host = "rebound.example" } };
        (await client.SendAsync(foreign)).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await client.GetAsync("/health/liveness")).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task A_wrong_file_is_refused_with_every_fault_of_it()
    {
        File.WriteAllText(_folder.ConfigPath, """
            {
              "ReverseProxy": {
                "Routes": { "openai": { "Match": { "Path": "/v1/{**rest}" }, "Metadata": { "Api": "telepathy" } } },
                "Clusters": {
                  "a": { "Destinations": { "x": { "Address": "nowhere", "Metadata": { "Provider": "oracle", "ApiKey": "env:NOT_SET_ANYWHERE" } } } },
                  "b": { "Destinatons": {} },
                  "c": { "LoadBalancingPolicy": "Guess", "SessionAffinity": { "Enabled": true, "Policy": "Cookie", "AffinityKeyName": "k" }, "Metadata": { "Fallbacks": "zzz" }, "Destinations": { "x": { "Address": "http://localhost:1" } } }
                }
              },
              "Prices": { "m": { "InputCostPerToken": "free", "Colour": 3 } },
              "CompletionLog": { "BatchSize": 0 },
              "Requests": { "MaxBodyBites": 1 },
              "Management": { "Database": "oracle:x" },
              "Loging": {}
            }
            """);

        var (exitCode, output) = await GatewayProcess.RunAsync(_folder);

        exitCode.Should().Be(2);
        foreach (var fault in (string[])
            ["telepathy", "'nowhere'", "'oracle'", "NOT_SET_ANYWHERE", "'Destinatons'", "'b' has no destinations", "Guess", "SessionAffinity", "'zzz'", "'free'", "Colour", "BatchSize", "MaxBodyBites", "Management:Database", "'Loging'"])
            output.Should().Contain(fault);
    }

    [TestCase("""{"Mail":{"From":"a@example.com"}}""", "Host is missing")]
    [TestCase("""{"Mail":{"Host":"mail.example.com"}}""", "From is no address of mail")]
    [TestCase("""{"Mail":{"Host":"mail example","From":"a@example.com"}}""", "is no name of a host")]
    [TestCase("""{"Mail":{"Host":"mail.example.com","From":"a@example.com\r\nBcc: b@example.com"}}""", "From is no address of mail")]
    [TestCase("""{"Mail":{"Host":"mail.example.com","From":"a@example.com","Port":465}}""", "Port 465 speaks TLS from its first byte")]
    [TestCase("""{"Mail":{"Host":"mail.example.com","From":"a@example.com","UserName":"a"}}""", "UserName and Password go together")]
    [TestCase("""{"Mail":{"Host":"mail.example.com","From":"a@example.com","UserName":"a","Password":"plain"}}""", "Password is not env:NAME or file:PATH")]
    [TestCase("""{"Mail":{"Host":"mail.example.com","From":"a@example.com","UserName":"a","Password":"env:NOT_SET_AT_ALL"}}""", "'NOT_SET_AT_ALL' is not set")]
    [TestCase("""{"Mail":{"Host":"mail.example.com","From":"a@example.com","Tls":false,"UserName":"a","Password":"env:PATH"}}""", "the password would be sent in the clear")]
    [TestCase("""{"Alerts":{"MailTo":"a@example.com"}}""", "MailTo needs the section Mail")]
    [TestCase("""{"Alerts":{"MailTo":"a@example.com, b"},"Mail":{"Host":"mail.example.com","From":"a@example.com"}}""", "MailTo holds 'b', which is no address of mail")]
    [TestCase("{ \"ReverseProxy\": ", "is not valid JSON")]
    public async Task A_file_that_cannot_be_used_is_refused(string content, string sentence)
    {
        File.WriteAllText(_folder.ConfigPath, content);

        var (exitCode, output) = await GatewayProcess.RunAsync(_folder);

        (exitCode, output.Contains(sentence)).Should().Be((2, true), "it said: {0}", output);
    }

    [TestCase("""{"ReverseProxy":{"Routes":{"a":{"Order":"99999999999","Match":{"Path":"/v1/{**rest}"},"Metadata":{"Api":"openai"}}}}}""")]
    [TestCase("""{"ReverseProxy":{"Routes":{"a":{"AuthorizationPolicy":"default","Match":{"Path":"/v1/{**rest}"},"Metadata":{"Api":"openai"}}}}}""")]
    [TestCase("""{"ReverseProxy":{"Clusters":{"a":{"HttpRequest":{"ActivityTimeout":"99999999.00:00:00"},"Destinations":{"x":{"Address":"http://localhost:1"}}}}}}""")]
    [TestCase("""{"ReverseProxy":{"Clusters":{"a":{"HttpRequest":{"ActivityTimeout":"-00:00:01"},"Destinations":{"x":{"Address":"http://localhost:1"}}}}}}""")]
    [TestCase("""{"ReverseProxy":{"Clusters":{"(chosen by the model)":{"Destinations":{"x":{"Address":"http://localhost:1"}}}}}}""")]
    public async Task A_setting_that_would_break_calls_is_refused(string content)
    {
        File.WriteAllText(_folder.ConfigPath, content);

        var (exitCode, output) = await GatewayProcess.RunAsync(_folder);

        (exitCode, output.Contains("The gateway cannot start")).Should().Be((2, true), "it said: {0}", output);
    }

    [TestCase("nonsense")]
    [TestCase("taken")]
    [TestCase("https://127.0.0.1:0")]
    public async Task An_address_that_cannot_be_listened_on_is_refused(string urls)
    {
        _folder.WriteConfig(TestClusters.Demo);

        var (exitCode, output) = await GatewayProcess.RunAsync(_folder, null, "--urls", urls == "taken" ? Taken() : urls);

        (exitCode, output.Contains("The gateway cannot start")).Should().Be((2, true), "it said: {0}", output);
    }

    [Test]
    public async Task A_file_that_is_not_there_an_empty_admin_key_and_an_unknown_option_are_refused()
    {
        _folder.WriteConfig(TestClusters.Demo);

        var missing = await GatewayProcess.RunAsync(_folder, null, "--config", "no-such-file.json");
        var empty = await GatewayProcess.RunAsync(_folder, new Dictionary<string, string> { ["PROXY_MASTER_KEY"] = " " });
        var unknown = await GatewayProcess.RunAsync(_folder, null, "--colour", "red");

        (missing.ExitCode, empty.ExitCode, unknown.ExitCode).Should().Be((2, 2, 2));
        missing.Output.Should().Contain("no-such-file.json");
        empty.Output.Should().Contain("PROXY_MASTER_KEY");
        unknown.Output.Should().Contain("--colour");
    }

    [Test]
    public async Task The_file_beside_the_program_serves_where_the_working_directory_has_none()
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder);

        using var client = gateway.With(File.ReadAllText(Path.Combine(_folder.Path, "data", "master-key")).Trim());
        (await client.GetStringAsync("/v1/models")).Should().Contain("\"demo\"");
    }

    private string Taken()
    {
        _listener.Start();
        return $"http://{_listener.LocalEndpoint}";
    }

    private static async Task<bool> IsAdminAsync(GatewayProcess gateway, string key)
    {
        using var client = gateway.With(key);
        using var response = await client.PostAsync("/key/generate", new StringContent("{}"));
        return response.IsSuccessStatusCode;
    }
}
