using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Host.Recording;
using Proxy.Management.Callbacks;
using Proxy.Management.Keys;
using Proxy.Management.Teams;

namespace Proxy.Tests.Gateway;

/// <summary>The table of docs/logging.md, line by line.</summary>
internal sealed class LogResolutionTests
{
    private static readonly TeamCallback OfKey = Callback("key");
    private static readonly TeamCallback OfTeam = Callback("team");
    private static readonly TeamCallback OfAll = Callback("global");

    [TestCase(true, true, true, "key")]
    [TestCase(false, true, true, "team")]
    [TestCase(false, false, true, "global")]
    [TestCase(true, false, false, "key")]
    [TestCase(false, false, false, "none")]
    public void The_nearest_callbacks_win(bool key, bool team, bool all, string winner)
    {
        var rules = LogResolution.RulesOf(Key(key ? [OfKey] : []), Team(team ? [OfTeam] : []), Global(all ? [OfAll] : []));

        rules.Lines.Select(line => line.Target.PublicKey).Should().Equal(winner == "none" ? [] : [winner]);
    }

    [TestCase(true, false)]
    [TestCase(false, true)]
    public void Disabled_wins_over_everything(bool key, bool team)
    {
        var rules = LogResolution.RulesOf(
            Key([OfKey]) with { IsLoggingDisabled = key }, Team([OfTeam]) with { IsLoggingDisabled = team }, Global([OfAll]));

        (rules.Level, rules.ForSuccess.Count, rules.ForFailure.Count).Should().Be(("disabled", 0, 0));
    }

    [TestCase(CallbackType.Success, 1, 0)]
    [TestCase(CallbackType.Failure, 0, 1)]
    [TestCase(CallbackType.SuccessAndFailure, 1, 1)]
    public void A_type_chooses_the_calls(CallbackType type, int successes, int failures)
    {
        var rules = LogResolution.RulesOf(Key([OfKey with { Type = type }]), null, GlobalLogging.None);

        (rules.ForSuccess.Count, rules.ForFailure.Count).Should().Be((successes, failures));
    }

    [Test]
    public void Two_projects_of_one_team_both_get_a_call_and_one_that_is_named_twice_gets_it_once()
    {
        var rules = LogResolution.RulesOf(Key([]), Team([Callback("a"), Callback("b"), Callback("a") with { Type = CallbackType.Success }]), Global([]));

        rules.ForSuccess.Select(route => route.Target.PublicKey).Should().Equal("a", "b");
    }

    [TestCase("batch_size", "7", 1)]
    [TestCase("langfuse_environment", "staging", 1)]
    [TestCase("langfuse_host", "https://other.example", 2)]
    [TestCase("langfuse_secret_key", "another", 2)]
    public void One_project_is_told_once_however_its_entries_differ_and_another_is_another(string variable, string value, int routes)
    {
        var other = OfTeam with { Vars = new Dictionary<string, string>(OfTeam.Vars) { [variable] = value } };

        LogResolution.RulesOf(Key([]), Team([OfTeam, other]), Global([])).ForFailure.Should().HaveCount(routes);
    }

    [TestCase(null, null, false, false)]
    [TestCase(null, null, true, true)]
    [TestCase(null, "true", false, true)]
    [TestCase(null, "false", true, false)]
    [TestCase("true", "false", false, true)]
    [TestCase("false", "true", true, false)]
    public void The_nearest_admins_word_on_redaction_counts(string? key, string? team, bool all, bool isRedacted)
    {
        var rules = LogResolution.RulesOf(
            Key([]) with { Metadata = Says(key) }, Team([OfTeam]) with { Metadata = Says(team) }, GlobalLogging.None with { RedactsMessages = all });

        rules.ForSuccess.Single().IsRedacted.Should().Be(isRedacted);

        static string Says(string? flag) => flag is null ? "{}" : $$"""{"turn_off_message_logging": {{flag}}}""";
    }

    [TestCase("x-litellm-enable-message-redaction", "true", true)]
    [TestCase("x-litellm-enable-message-redaction", "false", false)]
    [TestCase("litellm-disable-message-redaction", "true", false)]
    public void A_client_can_ask_for_redaction(string header, string value, bool isRedacted)
    {
        var wishes = LogWishes.Of(new HeaderDictionary { [header] = value });

        Routes(Key([OfKey]), wishes).Single().Should().Be(isRedacted);
    }

    [TestCase("litellm-disable-message-redaction", "true")]
    [TestCase("x-litellm-enable-message-redaction", "false")]
    public void A_client_cannot_undo_redaction(string header, string value)
    {
        var redacted = Key([OfKey]) with { Metadata = """{"turn_off_message_logging": true}""" };

        Routes(redacted, LogWishes.Of(new HeaderDictionary { [header] = value })).Single().Should().BeTrue();
    }

    [Test]
    public void A_client_can_disable_callbacks_by_name()
    {
        var wishes = LogWishes.Of(new HeaderDictionary { ["x-litellm-disable-callbacks"] = "webhook, LANGFUSE" });

        Routes(Key([OfKey]), wishes).Should().BeEmpty();
    }

    [Test]
    public void Metadata_can_disable_callbacks_by_name() =>
        Routes(Key([OfKey]) with { Metadata = """{"litellm_disabled_callbacks": ["langfuse"]}""" }, LogWishes.None).Should().BeEmpty();

    [Test]
    public void Tags_of_key_and_team_are_joined() => LogResolution
        .RulesOf(Key([]) with { Metadata = """{"tags": ["a", "b"]}""" }, Team([]) with { Metadata = """{"tags": ["b", "c"]}""" }, GlobalLogging.None)
        .Tags.Should().Equal("a", "b", "c");

    private static IEnumerable<bool> Routes(KeyIdentity key, LogWishes wishes) => LogResolution
        .RoutesOf(LogResolution.RulesOf(key, null, GlobalLogging.None), wishes, isNoLog: false, isSuccess: true).Select(route => route.IsRedacted);

    private static TeamCallback Callback(string project) => new("langfuse", CallbackType.SuccessAndFailure, new Dictionary<string, string>
    {
        ["langfuse_public_key"] = project,
        ["langfuse_secret_key"] = "secret",
    });

    private static GlobalLogging Global(TeamCallback[] callbacks) => GlobalLogging.None with { Callbacks = callbacks };

    private static KeyIdentity Key(TeamCallback[] callbacks) => new()
    {
        Hash = KeyHash.Of("sk-test"),
        Name = "sk-...test",
        Models = [],
        Callbacks = callbacks,
        CreatedAt = default,
        UpdatedAt = default,
    };

    private static TeamIdentity Team(TeamCallback[] callbacks) => new()
    {
        TeamId = "t",
        Models = [],
        Callbacks = callbacks,
        CreatedAt = default,
        UpdatedAt = default,
    };
}
