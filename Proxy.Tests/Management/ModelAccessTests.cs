using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Teams;

namespace Proxy.Tests.Management;

[TestFixture]
internal sealed class ModelAccessTests
{
    [TestCase("", "", "gpt-4o", null)]
    [TestCase("gpt-4o", "", "gpt-4o", null)]
    [TestCase("gpt-4o", "", "gpt-4", "key_model_access_denied")]
    [TestCase("gpt-4o", "", "GPT-4O", "key_model_access_denied")]
    [TestCase("*", "", "anything", null)]
    [TestCase("all-proxy-models", "", "anything", null)]
    [TestCase("openai/*", "", "openai/gpt-4o", null)]
    [TestCase("openai/*", "", "azure/gpt-4o", "key_model_access_denied")]
    [TestCase("openai/gpt-4*", "", "openai/gpt-5", "key_model_access_denied")]
    [TestCase("no-default-models", "", "gpt-4o", "key_model_access_denied")]
    [TestCase("no-default-models", "", "no-default-models", "key_model_access_denied")]
    [TestCase("all-team-models", "gpt-4o", "gpt-4o", null)]
    [TestCase("all-team-models", "gpt-4o", "gpt-4", "team_model_access_denied")]
    [TestCase("all-team-models", null, "gpt-4o", "key_model_access_denied")]
    [TestCase("", "gpt-4o", "gpt-4", "team_model_access_denied")]
    [TestCase("*", "gpt-4o", "gpt-4", "team_model_access_denied")]
    public void A_model_must_be_open_to_the_key_and_to_its_team(string key, string? team, string model, string? refusal)
    {
        CallerOf(key, team).FindModelRefusal(model)?.Type.Should().Be(refusal);
        (CallerOf(key, team).FindModelRefusal(model) is null).Should().Be(refusal is null);
    }

    [Test]
    public void A_refusal_names_the_models_and_the_asked_one_in_short()
    {
        var byKey = CallerOf("a,b", null).FindModelRefusal("c")!;
        var byTeam = CallerOf("", "a").FindModelRefusal(new string('x', 5000))!;

        (byKey.Status, byKey.Param).Should().Be((401, "model"));
        byKey.Message.Should().Be("key not allowed to access model. This key can only access models=['a', 'b']. Tried to access c");
        byTeam.Message.Should().StartWith("Team not allowed to access model. Team=t-1, Model=xxx").And.EndWith(". Allowed team models = ['a']");
        byTeam.Message.Length.Should().BeLessThan(400);
    }

    private static Caller CallerOf(string keyModels, string? teamModels)
    {
        var now = DateTimeOffset.UnixEpoch;
        var team = teamModels is null
            ? null
            : new TeamState(
                new TeamIdentity { TeamId = "t-1", Models = List(teamModels), CreatedAt = now, UpdatedAt = now },
                new TeamLinks(AccountOf(AccountKind.Team), ModelAccounts.None, null));
        var key = new KeyIdentity { Hash = KeyHash.Of("sk-1"), Name = "sk-...1", Models = List(keyModels), CreatedAt = now, UpdatedAt = now };
        return new KeyState(key, new KeyLinks(AccountOf(AccountKind.Key), ModelAccounts.None, team, null, null, null)).Caller;
    }

    private static Account AccountOf(AccountKind kind) => new(new AccountId(kind, "x"), AccountTerms.None, 0);

    private static string[] List(string models) => models.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
