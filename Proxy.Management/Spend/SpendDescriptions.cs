using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using static Proxy.Management.ApiDescription.SharedFields;

namespace Proxy.Management.Spend;

/// <summary>The reads of spend in the API's document.</summary>
internal static class SpendDescriptions
{
    public static readonly EndpointDescription[] All =
    [
        new("GET", "/spend/logs", "Lists the latest calls; with two days, sums each day.") { Answer = SpendJson.Default.IReadOnlyListSpendLogRow },
        new("GET", "/spend/keys", "Lists the keys that have spent most.") { Answer = GlobalSpendJson.Default.IReadOnlyListRankedKey },
        new("GET", "/spend/users", "Lists the users who have spent most.") { Answer = GlobalSpendJson.Default.IReadOnlyListRankedUser },
        new("GET", "/spend/tags", "Lists the tags that have spent most.") { Answer = GlobalSpendJson.Default.IReadOnlyListSpendOfTag },
        new("POST", "/spend/calculate", "Says what a prompt would cost, or what an answer has.")
        {
            Fields = [Text("model"), new("messages", DetailShape.List), new("completion_response", DetailShape.Object)],
            Shown = ["model", "messages"],
            Answer = CalculateJson.Default.CalculatedCost,
        },
        new("POST", "/utils/token_counter", "Estimates how many tokens a prompt has.")
        {
            Fields = [Text("model"), new("messages", DetailShape.List), new("prompt", DetailShape.Any)],
            Required = ["model"],
            Shown = ["messages"],
            Answer = TokenCounterJson.Default.CountedTokens,
        },
        new("GET", "/spend/logs/v2", "Lists calls in numbered pages.") { Answer = SpendPageJson.Default.SpendPage },
        new("GET", "/spend/logs/ui", "Lists calls in numbered pages.") { Answer = SpendPageJson.Default.SpendPage },
        new("GET", "/global/spend", "Shows what the whole gateway has spent, of what budget.") { Answer = GlobalSpendJson.Default.GlobalSpend },
        new("GET", "/global/spend/logs", "Sums the spend of each day.") { Answer = GlobalSpendJson.Default.IReadOnlyListSpendOfDay },
        new("GET", "/global/spend/keys", "Sums the spend of keys.") { Answer = GlobalSpendJson.Default.IReadOnlyListSpendOfKey },
        new("GET", "/global/spend/models", "Sums the spend of models.") { Answer = GlobalSpendJson.Default.IReadOnlyListSpendOfModel },
        new("GET", "/global/spend/provider", "Sums the spend at providers.") { Answer = GlobalSpendJson.Default.IReadOnlyListSpendOfProvider },
        new("GET", "/global/spend/teams", "Sums the spend of teams, in all and by day.") { Answer = GlobalSpendJson.Default.TeamSpend },
        new("GET", "/global/spend/report", "Says who has spent what on which day: teams, customers, or keys of all days together."),
        new("GET", "/global/spend/tags", "Sums the spend of tags.") { Answer = GlobalSpendJson.Default.TagSpend },
        new("POST", "/global/spend/end_users", "Sums the spend of customers.")
        {
            Fields = [new("startTime", DetailShape.Moment), new("endTime", DetailShape.Moment), Text("api_key")],
            Shown = ["startTime", "endTime"],
            Answer = GlobalSpendJson.Default.IReadOnlyListSpendOfCustomer,
        },
        new("GET", "/global/activity", "Sums calls and tokens of each day.") { Answer = GlobalSpendJson.Default.GlobalActivity },
        new("GET", "/global/activity/model", "Sums calls and tokens of each day by model.") { Answer = GlobalSpendJson.Default.IReadOnlyListModelActivity },
        .. Activity("/user", "users"),
        .. Activity("/team", "teams"),
        .. Activity("/organization", "organisations"),
        .. Activity("/tag", "tags"),
        .. Activity("/customer", "customers"),
        .. Activity("/end_user", "customers"),
    ];

    private static IEnumerable<EndpointDescription> Activity(string prefix, string whose) =>
        [new("GET", $"{prefix}/daily/activity", $"Shows what {whose} did on each day, by model, provider and key.") { Answer = ActivityJson.Default.DailyActivity }];
}
