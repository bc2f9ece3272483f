using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Logging;

/// <summary>The places beside Langfuse, each by the way of all records.</summary>
[OnEachEngine]
public sealed class DestinationTests : IDisposable
{
    private readonly TempOutboxDatabase _database = new();
    private FakeReceiver _receiver = null!;

    [SetUp]
    public async Task StartReceiver() => _receiver = await FakeReceiver.StartAsync();

    [TearDown]
    public async Task StopReceiver() => await _receiver.DisposeAsync();

    public void Dispose() => _database.Dispose();

    [Test]
    public async Task A_webhook_gets_an_array_signed_with_its_secret()
    {
        using var log = await StartAsync();

        await log.RecordAsync(Target(LogKinds.Webhook, "", "shared secret"), Some.Record("a"), Some.Record("b"));

        var request = await _receiver.WaitAsync();
        await log.StopAsync();
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes("shared secret"), (byte[])[.. Encoding.UTF8.GetBytes(request.Headers["x-proxy-timestamp"] + "."), .. request.Body]);
        request.Headers["x-proxy-signature"].Should().Be("sha256=" + Convert.ToHexStringLower(expected));
        JsonNode.Parse(request.Body)!.AsArray().Select(record => record!["name"]!.GetValue<string>()).Should().Equal("a", "b");
    }

    [Test]
    public async Task A_file_gets_one_line_for_each_record_and_only_its_owner_reads_it()
    {
        var path = Path.Combine(Path.GetTempPath(), $"log-{Guid.NewGuid():N}.jsonl");
        using var log = await StartAsync();
        var record = Some.Record("a") with { Input = Some.Json("{\n  \"role\": \"user\"\n}"), Output = Some.Json("<html>\n"), Metadata = new Dictionary<string, string> { ["n"] = "7" } };

        await log.RecordAsync(new LogTarget(new Uri(path), "", "") { Kind = LogKinds.JsonLines }, record, Some.Record("b"));
        await _database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();

        var lines = await File.ReadAllLinesAsync(path);
        var first = JsonDocument.Parse(lines[0]).RootElement;
        lines.Should().HaveCount(2);
        (first.GetProperty("input").GetProperty("role").GetString(), first.GetProperty("output").GetString(), first.GetProperty("metadata").GetProperty("n").GetInt32())
            .Should().Be(("user", "<html>\n", 7));
        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Delete(path);
    }

    [Test]
    public async Task A_collector_gets_spans_under_the_names_of_the_conventions()
    {
        using var log = await StartAsync();

        await log.RecordAsync(Target(LogKinds.OpenTelemetry, "", "x-api-key=abc, x-team=red%20one"), Some.Record() with { Usage = new(7, 3, 0, 5, 1), UpstreamModel = "gpt-4o-2024" });

        var request = await _receiver.WaitAsync();
        await log.StopAsync();
        (request.Path, request.Headers["x-api-key"], request.Headers["x-team"]).Should().Be(("/v1/traces", "abc", "red one"));
        OtlpReader.Read(request.Body).GetRawText().Should().Contain("\"gen_ai.request.model\"")
            .And.Contain("{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"10\"}}").And.NotContain("langfuse.");
    }

    [TestCase(503)]
    [TestCase(500)]
    [TestCase(429)]
    public async Task A_bucket_of_S3_gets_one_object_for_a_batch_at_a_name_that_a_repetition_has_again(int status)
    {
        var bucket = new FakeBucket("AKID", "secret", "eu-west-1");
        var failures = 1;
        _receiver.Answer = context =>
        {
            if (failures-- <= 0) return bucket.AnswerAsync(context, _receiver.Requests.Last().Body);

            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "3";
            return Task.CompletedTask;
        };
        var time = new ManualTimeProvider();
        using var log = await StartAsync(time);

        await log.RecordAsync(
            Target(LogKinds.S3, "logs", "AKID\nsecret") with { Options = LogTarget.OptionsOf([new("path", "/gate way/ü+/"), new("region", "eu-west-1"), new("batch_size", "2")]) },
            Some.Record("a"),
            Some.Record("b"));
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(3));
        time.Advance(TimeSpan.FromSeconds(3));
        await _database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();

        var requests = _receiver.Requests.ToArray();
        requests.Should().HaveCount(2);
        (requests[0].Method, requests[0].Path).Should().Be(("PUT", requests[1].Path));
        var (name, text) = bucket.Objects.Single();
        name.Should().MatchRegex("^/logs/gate way/ü\\+/2026-11-21/[0-9a-f]{32}-[0-9a-f]{32}-2.ndjson$");
        text.TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!["name"]!.GetValue<string>()).Should().Equal("a", "b");
    }

    [TestCase("secret", "parked", "403")]
    [TestCase("", "parked", "unusable bucket")]
    public async Task A_bucket_of_S3_is_parked_where_the_keys_are_wrong(string secret, string state, string reason)
    {
        var bucket = new FakeBucket("AKID", "another secret", "us-east-1");
        _receiver.Answer = context => bucket.AnswerAsync(context, _receiver.Requests.Last().Body);
        using var log = await StartAsync();

        await log.RecordAsync(Target(LogKinds.S3, "logs", $"AKID\n{secret}") with { Options = LogTarget.OptionsOf([new("batch_size", "1")]) }, Some.Record());

        var target = (await Eventually.BecomesAsync(
            () => log.Operations.ListTargetsAsync(CancellationToken.None), targets => targets.Any(target => target.LastError is not null))).Single();
        (target.State, target.LastError, target.Waiting).Should().Be((state, reason, 1));
        await log.StopAsync();
    }

    [Test]
    public async Task A_bucket_of_S3_that_no_admin_named_is_reached_at_public_addresses_only()
    {
        using var log = await StartAsync();

        var result = await log.Operations.TestAsync(Target(LogKinds.S3, "logs", "AKID\nsecret") with { IsTrusted = false }, CancellationToken.None);

        await log.StopAsync();
        (result.IsHealthy, result.Details.Contains("forbidden address"), _receiver.Requests.Count).Should().Be((false, true, 0));
    }

    [Test]
    public async Task Buckets_of_S3_share_connections()
    {
        var connections = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        _receiver.Answer = context =>
        {
            connections[context.Connection.Id] = true;
            return Task.CompletedTask;
        };
        using var log = await StartAsync();

        const int Buckets = 5;
        for (var bucket = 0; bucket < Buckets; bucket++)
            (await log.Operations.TestAsync(Target(LogKinds.S3, $"logs-{bucket}", $"AKID{bucket}\nsecret"), CancellationToken.None)).IsHealthy.Should().BeTrue();

        await log.StopAsync();
        connections.Should().HaveCountLessThan(Buckets, "a pool of its own for each would open a connection for each");
    }

    [Test]
    public async Task A_bucket_of_Google_gets_lines_with_the_service_accounts_token()
    {
        using var rsa = RSA.Create(2048);
        _receiver.Answer = context => context.Request.Path == "/token"
            ? context.Response.WriteAsJsonAsync(new { access_token = "token-1", expires_in = 3600, token_type = "Bearer" })
            : Task.CompletedTask;
        var account = new JsonObject
        {
            ["type"] = "service_account",
            ["client_email"] = "a@b.c",
            ["private_key"] = rsa.ExportPkcs8PrivateKeyPem(),
            ["token_uri"] = $"{_receiver.Address}token",
        };
        using var log = await StartAsync();

        await log.RecordAsync(Target(LogKinds.GoogleStorage, "bucket", account.ToJsonString()) with { Options = LogTarget.OptionsOf([new("flush_interval", "1")]) }, Some.Record());

        var request = await _receiver.WaitAsync();
        await log.StopAsync();
        (request.Path, request.Headers["Authorization"]).Should().Be(("/upload/storage/v1/b/bucket/o", "Bearer token-1"));
        request.Query.Should().StartWith("?uploadType=media&name=2026-11-21%2F");
    }

    [Test]
    public async Task A_service_account_that_no_admin_named_asks_for_tokens_at_Google_only()
    {
        using var rsa = RSA.Create(2048);
        var account = new JsonObject
        {
            ["type"] = "service_account",
            ["client_email"] = "a@b.c",
            ["private_key"] = rsa.ExportPkcs8PrivateKeyPem(),
            ["token_uri"] = $"{_receiver.Address}token",
        };
        using var log = await StartAsync();

        var result = await log.Operations.TestAsync(
            Target(LogKinds.GoogleStorage, "bucket", account.ToJsonString()) with { IsTrusted = false }, CancellationToken.None);

        await log.StopAsync();
        (result.IsHealthy, _receiver.Requests.Count).Should().Be((false, 0));
    }

    [TestCase(LogKinds.Webhook, 302)]
    [TestCase(LogKinds.OpenTelemetry, 307)]
    [TestCase(LogKinds.S3, 301)]
    [TestCase(LogKinds.S3, 302)]
    [TestCase(LogKinds.S3, 307)]
    public async Task A_redirect_is_followed_by_none(string kind, int status)
    {
        _receiver.Answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"{_receiver.Address}elsewhere";
            context.Response.Headers["x-amz-bucket-region"] = "eu-west-1";
            return Task.CompletedTask;
        };
        using var log = await StartAsync();

        var result = await log.Operations.TestAsync(Target(kind, "xyz", kind == LogKinds.S3 ? "AKID\nsecret" : "a=b"), CancellationToken.None);

        await log.StopAsync();
        (result.IsHealthy, _receiver.Requests.Count).Should().Be((false, 1));
    }

    [Test]
    public void A_target_has_its_own_pace()
    {
        var options = new Proxy.Logging.CompletionLogOptions();
        var bucket = Target(LogKinds.GoogleStorage, "b", "");

        Pace.Of(bucket, options).Should().Be(new Pace(2048, TimeSpan.FromSeconds(20)));
        Pace.Of(bucket with { Options = "batch_size=7\nflush_interval=3\n" }, options).Should().Be(new Pace(7, TimeSpan.FromSeconds(3)));
        Pace.Of(Target(LogKinds.Webhook, "", ""), options).Should().Be(new Pace(options.BatchSize, options.FlushInterval));
    }

    [TestCase(LogKinds.GoogleStorage, "GCS_BATCH_SIZE=7;GCS_FLUSH_INTERVAL=3", 7, 3)]
    [TestCase(LogKinds.S3, "S3_BATCH_SIZE=8;S3_FLUSH_INTERVAL_SECONDS=4", 8, 4)]
    [TestCase(LogKinds.Langfuse, "LANGFUSE_FLUSH_INTERVAL=5;DEFAULT_BATCH_SIZE=9;DEFAULT_FLUSH_INTERVAL_SECONDS=99", 9, 5)]
    [TestCase(LogKinds.Webhook, "DEFAULT_BATCH_SIZE=10;DEFAULT_FLUSH_INTERVAL_SECONDS=6", 10, 6)]
    [TestCase(LogKinds.GoogleStorage, "GCS_BATCH_SIZE=none;GCS_FLUSH_INTERVAL=-1", 2048, 20)]
    [TestCase(LogKinds.S3, "GCS_BATCH_SIZE=7;GCS_FLUSH_INTERVAL=3", 2048, 20)]
    public void The_environment_names_the_pace_under_the_names_that_users_know(string kind, string environment, int batchSize, int seconds)
    {
        var variables = environment.Split(';').ToDictionary(entry => entry.Split('=')[0], entry => entry.Split('=')[1]);

        Pace.Of(Target(kind, "", ""), new Proxy.Logging.CompletionLogOptions(), name => variables.GetValueOrDefault(name))
            .Should().Be(new Pace(batchSize, TimeSpan.FromSeconds(seconds)));
    }

    [Test]
    public async Task A_file_that_is_full_makes_room_for_a_new_one()
    {
        var folder = Directory.CreateTempSubdirectory("log-").FullName;
        var path = Path.Combine(folder, "calls.jsonl");
        using (var full = File.Create(path)) full.SetLength(256 * 1024 * 1024);
        using var log = await StartAsync();

        await log.RecordAsync(new LogTarget(new Uri(path), "", "") { Kind = LogKinds.JsonLines }, Some.Record("next"));
        await _database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();

        (await File.ReadAllLinesAsync(path)).Should().ContainSingle().Which.Should().Contain("\"next\"");
        Directory.GetFiles(folder).Should().HaveCount(2);
        Directory.Delete(folder, recursive: true);
    }

    private LogTarget Target(string kind, string name, string secret) => new(_receiver.Address, name, secret) { Kind = kind, IsTrusted = true };

    private Task<TestLog> StartAsync(TimeProvider? time = null) => TestLog.StartAsync(_database, new EphemeralDataProtectionProvider(), time);
}
