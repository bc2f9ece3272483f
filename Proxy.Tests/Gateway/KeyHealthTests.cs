using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;

namespace Proxy.Tests.Gateway;

/// <summary>A key can ask whether its calls are logged: each target is tried with a real record, and the answer says how far that came.</summary>
internal sealed class KeyHealthTests : GatewayFixture
{
    private FakeLangfuse _langfuse = null!;
    private FakeReceiver _receiver = null!;

    [SetUp]
    public async Task StartTargetsAsync() => (_langfuse, _receiver) = (await FakeLangfuse.StartAsync(), await FakeReceiver.StartAsync());

    [TearDown]
    public async Task StopTargetsAsync()
    {
        await _langfuse.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Test]
    public async Task Each_target_says_whether_it_was_reached_took_the_credentials_and_took_the_record()
    {
        var good = _langfuse.AddProject("good");
        var wrong = _langfuse.AddProject("wrong").Target with { SecretKey = "sk-lf-that-is-wrong" };
        var down = good.Target with { Host = new Uri($"http://127.0.0.1:{ClosedPort()}"), PublicKey = "pk-lf-down" };
        _receiver.Answer = context =>
        {
            // What holds no record is taken.
            context.Response.StatusCode = context.Request.Path == "/busy" ? 500 : _receiver.Requests.Last(request => request.Path == context.Request.Path).Text.Contains("callback-test") ? 400 : 200;
            return Task.CompletedTask;
        };
        using var client = await KeyAsync(
            TestCallbacks.Langfuse(good.Target), TestCallbacks.Langfuse(wrong), TestCallbacks.Langfuse(down), Webhook("picky"), Webhook("busy"),
            Callback("gcs_bucket", ("gcs_bucket_name", "bucket"), ("gcs_path_service_account", "{}")));

        var (status, body) = await HealthAsync(client);

        var health = body.GetProperty("logging_callbacks");
        (status, body.GetProperty("key").GetString(), health.GetProperty("status").GetString()).Should().Be((200, "unhealthy", "unhealthy"));
        health.GetProperty("callbacks").EnumerateArray().Select(name => name.GetString()).Should().Equal("langfuse", "webhook", "gcs_bucket");
        health.GetProperty("targets").EnumerateArray().Select(Show).Should().Equal(
            "langfuse healthy True True True",
            "langfuse unhealthy True False False",
            "langfuse unhealthy False unknown False",
            "webhook unhealthy True True False",
            "webhook unhealthy True unknown False",
            "gcs_bucket unhealthy False False False");
        good.Spans.Select(span => span.Name).Should().Equal("callback test");
        body.ToString().Should().NotContain(good.Target.SecretKey).And.NotContain("that-is-wrong").And.NotContain("webhook-secret");
        Details(health, 1).Should().Contain("does not accept the credentials: 401");
        Details(health, 2).Should().Contain("cannot be reached: ConnectionError");
        Details(health, 3).Should().Contain("was not taken").And.Contain("400");
    }

    [Test]
    public async Task A_key_whose_targets_take_everything_is_healthy_and_so_is_one_that_logs_nowhere()
    {
        using var client = await KeyAsync(TestCallbacks.Langfuse(_langfuse.AddProject("red").Target), TestCallbacks.Langfuse(_langfuse.AddProject("blue").Target));

        var (_, body) = await HealthAsync(client);
        var (_, nowhere) = await HealthAsync(Client);

        body.GetProperty("key").GetString().Should().Be("healthy");
        var targets = body.GetProperty("logging_callbacks").GetProperty("targets").EnumerateArray().ToList();
        targets.Select(Show).Should().OnlyContain(target => target == "langfuse healthy True True True");
        targets.Select(target => target.GetProperty("callback_id").GetString()).Should().OnlyHaveUniqueItems();
        nowhere.ToString().Should().Be("""{"key":"healthy","logging_callbacks":null}""");
    }

    private static string Show(JsonElement target)
    {
        var credentials = target.GetProperty("credentials_accepted");
        return $"{target.GetProperty("callback_name")} {target.GetProperty("status")} {target.GetProperty("reachable")} "
            + $"{(credentials.ValueKind == JsonValueKind.Null ? "unknown" : credentials.ToString())} {target.GetProperty("record_taken")}";
    }

    private static string Details(JsonElement health, int index) => health.GetProperty("targets")[index].GetProperty("details").GetString()!;

    private static JsonObject Callback(string name, params (string Name, string Value)[] vars) => new()
    {
        ["callback_name"] = name,
        ["callback_vars"] = new JsonObject(vars.Select(entry => KeyValuePair.Create(entry.Name, (JsonNode?)entry.Value))),
    };

    private JsonObject Webhook(string path) => Callback("webhook", ("webhook_url", new Uri(_receiver.Address, path).ToString()), ("webhook_secret", "webhook-secret"));

    private async Task<HttpClient> KeyAsync(params JsonObject[] callbacks) =>
        Gateway.With(await Gateway.CreateKeyAsync(new() { ["metadata"] = new JsonObject { ["logging"] = new JsonArray([.. callbacks]) } }));

    private static async Task<(int Status, JsonElement Body)> HealthAsync(HttpClient client)
    {
        using var response = await client.PostAsync("/key/health", null);
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
