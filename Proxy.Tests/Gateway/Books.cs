using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Tests.Gateway;

/// <summary>The books of a gateway whose calls were all made with one key, of one user in one team of an organisation, with one tag.</summary>
internal static class Books
{
    public const string User = "u-books";
    public const string Team = "t-books";
    public const string Organization = "o-books";
    public const string Tag = "tag-books";

    /// <summary>A key in every scope, with a budget and every limit in each, none of which is reached.</summary>
    public static async Task<string> OpenAsync(TestGateway gateway)
    {
        const string Terms = """ "max_budget": 1000, "rpm_limit": 100000, "tpm_limit": 100000000, "max_parallel_requests": 1000 """;
        Task PostAsync(string path, string fields) => gateway.PostAsync(path, System.Text.Json.Nodes.JsonNode.Parse($"{{{fields}}}")!.AsObject());
        await PostAsync("/organization/new", $""" "organization_id": "{Organization}", {Terms} """);
        await PostAsync("/user/new", $""" "user_id": "{User}", "auto_create_key": false, {Terms} """);
        await PostAsync("/team/new", $$""" "team_id": "{{Team}}", "organization_id": "{{Organization}}", "members_with_roles": [{"role": "user", "user_id": "{{User}}"}], "model_rpm_limit": {"main": 100000}, {{Terms}} """);
        await PostAsync("/team/member_update", $""" "team_id": "{Team}", "user_id": "{User}", "max_budget_in_team": 1000 """);
        await PostAsync("/tag/new", $""" "name": "{Tag}", {Terms} """);
        return await gateway.CreateKeyAsync(System.Text.Json.Nodes.JsonNode.Parse($$"""
            {"user_id": "{{User}}", "team_id": "{{Team}}", "tags": ["{{Tag}}"], "model_max_budget": {"main": 1000, "other": 1000}, "model_tpm_limit": {"main": 100000000}, {{Terms}} }
            """)!.AsObject());
    }

    /// <summary>To the last digit: what the rows come to every scope has spent, in the database and in memory, and nothing is held any more.</summary>
    public static async Task BalanceAsync(TestGateway gateway, string key)
    {
        // What is in the database is told to memory the moment after.
        var ring = gateway.Services.GetRequiredService<AccountRing>();
        await Eventually.BecomesAsync(() => Task.FromResult(ring.Proxy.Holds), holds => holds == 0);
        var rows = (await gateway.LedgerAsync()).Sum(row => row.Cost);
        rows.Should().BePositive();
        (await gateway.QueryAsync<(string, long)>("""
            select 'key', spend from api_key where user_id = 'u-books' union all select 'team', spend from team where team_id = 't-books'
            union all select kind, cast(sum(spend) as bigint) from account group by kind order by 1
            """)).Where(scope => scope.Item1 != "model_per_team").Should().Equal(
            ((string[])["end_user", "key", "model_per_key", "organization", "organization_member", "proxy", "tag", "team", "team_member", "user"]).Select(scope => (scope, rows)));

        var hash = KeyHash.Of(key);
        AccountId[] scopes =
        [
            AccountId.Proxy, AccountId.Of(hash), new(AccountKind.User, User), AccountId.OfTeam(Team), AccountId.OfMember(Team, User), new(AccountKind.Organization, Organization),
            AccountId.OfOrganizationMember(Organization, User), new(AccountKind.Tag, Tag),
        ];
        scopes.Select(id => ring.FindLoaded(id)!).Select(account => (account.Id.Scope, account.SpentPicos, account.ReservedPicos, account.Holds))
            .Should().Equal(scopes.Select(id => (id.Scope, rows, 0L, 0L)));

        AccountId[] models = [AccountId.OfModel(AccountKind.KeyModel, hash.ToString(), "main"), AccountId.OfModel(AccountKind.KeyModel, hash.ToString(), "other")];
        models.Select(id => ring.FindLoaded(id)!).Aggregate((Spent: 0L, Held: 0L, Holds: 0L), (sum, account) => (sum.Spent + account.SpentPicos, sum.Held + account.ReservedPicos, sum.Holds + account.Holds))
            .Should().Be((rows, 0L, 0L));
    }
}
