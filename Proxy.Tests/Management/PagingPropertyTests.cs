using System.Text.Json;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Whatever the size of a page, the order and the filter: all pages together are the list, each row once and in its place.</summary>
[OnEachEngine]
internal sealed class PagingPropertyTests
{
    private const int Rows = 24;

    /// <summary>Upper and lower case, accents and signs: every engine compares code points.</summary>
    private static readonly string[] Aliases = ["b", "B", "é", "a-1", "a_1", "Z", "a 1", "ab", "ß", "1"];

    private readonly List<Row> _keys = [];
    private readonly List<Row> _teams = [];
    private ManagementServer _server = null!;

    /// <summary>Rows with many equal values, so that only a complete order puts each in one place.</summary>
    [SetUp]
    public async Task MakeRowsAsync()
    {
        _server = await ManagementServer.StartAsync();
        for (var i = 0; i < Rows; i++)
        {
            if (i % 3 == 0) _server.Time.Advance(TimeSpan.FromSeconds(1));
            var row = new Row($"t-{i * 7 % Rows:00}", i % 2 == 0 && i / 2 < Aliases.Length ? Aliases[i / 2] : null, i % 3 == 0 ? i % 4 : null, i % 5, i / 3, $"u-{i % 4}", $"o-{i % 3}");
            await _server.CreateTeamAsync($""" "team_id": "{row.Id}", "members_with_roles": [{Member(row.User)}], {row.Fields("team_alias")} """);
            _teams.Add(row with { Spend = 0 });
        }

        for (var i = 0; i < Rows; i++)
        {
            if (i % 3 == 0) _server.Time.Advance(TimeSpan.FromSeconds(1));
            var row = _teams[i] with { Spend = i % 5, Team = $"t-0{i % 2}" };
            var key = await _server.CreateKeyAsync($""" "team_id": "{row.Team}", "user_id": "{row.User}", "spend": {row.Spend}, {row.Fields("key_alias")} """);
            _keys.Add(row with { Id = KeyCalls.HashOf(key) });
        }
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public void All_pages_of_keys_are_the_list() => Holds(
        _keys,
        new("/key/list", "size", "keys", "total_count", key => key.GetString()!),
        ["token", "key_alias", "max_budget", "spend", "created_at"],
        ["", "user_id=u-1", "team_id=t-01", "organization_id=o-2", "user_id=u-2&team_id=t-00", "user_id=u-3&organization_id=o-1", "key_alias=B", "user_id=u-"]);

    [Test]
    public void All_pages_of_teams_are_the_list() => Holds(
        _teams,
        new("/v2/team/list", "page_size", "teams", "total", team => team.GetProperty("team_id").GetString()!),
        ["team_id", "team_alias", "max_budget", "spend", "created_at"],
        ["", "organization_id=o-0", "user_id=u-1", "user_id=u-2&organization_id=o-1", "team_id=t-05", "organization_id=O-0"]);

    private void Holds(List<Row> rows, Listing listing, string[] columns, string[] filters)
    {
        var questions =
            from column in Gen.Elements(columns)
            from filter in Gen.Elements(filters)
            from size in Gen.Choose(1, Rows + 3)
            from isDescending in Gen.Elements(true, false)
            select new Question(filter, column, isDescending, size);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(questions.ToArbitrary(), question => AnswersAsync(rows, listing, question).GetAwaiter().GetResult()));
    }

    private async Task AnswersAsync(List<Row> rows, Listing listing, Question question)
    {
        var expected = question.Of(rows);
        var pages = (expected.Count + question.Size - 1) / question.Size;
        var shown = new List<string>();
        for (var page = 1; page <= pages + 1; page++)
        {
            var (status, body) = await _server.Admin.GetJsonAsync($"{listing.Path}?page={page}&{listing.SizeName}={question.Size}&{question.Query}");
            status.Should().Be(200, body.ToString());
            (body.GetProperty(listing.TotalName).GetInt32(), body.GetProperty("total_pages").GetInt32()).Should().Be((expected.Count, pages), question.ToString());
            var part = body.GetProperty(listing.RowsName).EnumerateArray().Select(listing.IdOf).ToList();
            part.Count.Should().Be(page < pages ? question.Size : page == pages ? expected.Count - ((pages - 1) * question.Size) : 0, question.ToString());
            shown.AddRange(part);
        }

        shown.Should().Equal(expected, question.ToString());
    }

    private static string Member(string user) => $$"""{"role": "user", "user_id": "{{user}}"}""";

    /// <param name="Id">Of the team, or the hash of the key.</param>
    /// <param name="Made">Rows of one moment have one number.</param>
    private sealed record Row(string Id, string? Alias, decimal? Budget, decimal Spend, int Made, string User, string Organization)
    {
        public string? Team { get; init; }

        public string Fields(string aliasName) =>
            $"\"organization_id\": \"{Organization}\", \"{aliasName}\": {(Alias is null ? "null" : $"\"{Alias}\"")}, \"max_budget\": {(Budget is { } dollars ? $"{dollars}" : "null")}";

        public bool Matches(string condition) => condition.Split('=') switch
        {
            ["user_id", var user] => user == User,
            ["team_id", var team] => team == (Team ?? Id),
            ["organization_id", var organization] => organization == Organization,
            ["key_alias", var alias] => alias == Alias,
            _ => true,
        };
    }

    private sealed record Listing(string Path, string SizeName, string RowsName, string TotalName, Func<JsonElement, string> IdOf);

    private sealed record Question(string Filter, string Column, bool IsDescending, int Size)
    {
        public string Query => $"sort_by={Column}&sort_order={(IsDescending ? "desc" : "asc")}&{Filter}".TrimEnd('&');

        /// <summary>Nothing comes last either way; of equals the id decides, in the same direction.</summary>
        public List<string> Of(List<Row> rows)
        {
            var matching = rows.Where(row => Filter.Split('&').All(row.Matches)).ToList();
            var stated = matching.Where(row => !IsMissing(row)).Order(Comparer<Row>.Create(Compare));
            var missing = matching.Where(IsMissing).OrderBy(row => row.Id, StringComparer.Ordinal);
            return [.. (IsDescending ? stated.Reverse() : stated).Concat(IsDescending ? missing.Reverse() : missing).Select(row => row.Id)];
        }

        private bool IsMissing(Row row) => Column switch { "max_budget" => row.Budget is null, "key_alias" or "team_alias" => row.Alias is null, _ => false };

        private int Compare(Row one, Row other)
        {
            var order = Column switch
            {
                "max_budget" => one.Budget!.Value.CompareTo(other.Budget!.Value),
                "spend" => one.Spend.CompareTo(other.Spend),
                "created_at" => one.Made.CompareTo(other.Made),
                "key_alias" or "team_alias" => string.CompareOrdinal(one.Alias, other.Alias),
                _ => 0,
            };
            return order != 0 ? order : string.CompareOrdinal(one.Id, other.Id);
        }
    }
}
