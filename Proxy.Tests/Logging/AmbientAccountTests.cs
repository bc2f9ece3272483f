using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>A bucket of Google's that is written to with the machine's own account, whose tokens its metadata server gives.</summary>
internal sealed class AmbientAccountTests
{
    private const string TokenPath = "/computeMetadata/v1/instance/service-accounts/default/token";

    [TearDown]
    public void ForgetServer() => Environment.SetEnvironmentVariable("GCE_METADATA_HOST", null);

    // The library finds the account once in the life of a process, so there is one test.
    [Test]
    public async Task Tokens_are_kept_until_they_are_refused_and_missed_only_while_there_are_none()
    {
        await using var receiver = await FakeReceiver.StartAsync();
        Environment.SetEnvironmentVariable("GCE_METADATA_HOST", receiver.Address.Authority);
        var (hasAccount, good) = (true, 1);
        receiver.Answer = context => context.Request.Path.Value switch
        {
            _ when context.Request.Path.StartsWithSegments("/upload", StringComparison.Ordinal) => AnswerAsync(context, context.Request.Headers.Authorization == $"Bearer token-{good}" ? 200 : 401, "{}"),
            _ when context.Request.Headers["Metadata-Flavor"] != "Google" => AnswerAsync(context, 403, ""),
            TokenPath when hasAccount => AnswerAsync(context, 200, $$"""{"access_token": "token-{{good}}", "expires_in": 3599, "token_type": "Bearer"}"""),
            TokenPath => AnswerAsync(context, 404, "no such account"),
            _ => AnswerAsync(context, 200, "computeMetadata/"),
        };
        using var database = new TempOutboxDatabase();
        using var log = await TestLog.StartAsync(database, new EphemeralDataProtectionProvider());
        var target = new LogTarget(receiver.Address, "bucket", "") { Kind = LogKinds.GoogleStorage, IsTrusted = true };
        async Task<string> TryAsync() => (await log.Operations.TestAsync(target, CancellationToken.None)) is { IsHealthy: true } ? "taken" : "refused";
        int Tokens() => receiver.Requests.Count(request => request.Path == TokenPath);

        (await TryAsync(), await TryAsync(), Tokens()).Should().Be(("taken", "taken", 1), "a token is good for an hour");

        good = 2;
        (await TryAsync(), await TryAsync(), Tokens()).Should().Be(("refused", "taken", 2), "one that is refused is not used again");

        (good, hasAccount) = (3, false);
        (await TryAsync(), await TryAsync(), await TryAsync()).Should().Be(("refused", "refused", "refused"));

        hasAccount = true;
        (await TryAsync()).Should().Be("taken");
        receiver.Requests.Where(request => request.Path == TokenPath).Should().OnlyContain(request => request.Query.Contains("devstorage.read_write"));
        await log.StopAsync();
    }

    private static Task AnswerAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers["Metadata-Flavor"] = "Google";
        return context.Response.WriteAsync(body);
    }
}
