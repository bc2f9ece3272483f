using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using static Proxy.Management.ApiDescription.SharedFields;

namespace Proxy.Management.Keys;

/// <summary>The key endpoints in the API's document.</summary>
internal static class KeyDescriptions
{
    public static readonly DetailField[] Settings =
    [
        .. LimitFields,
        .. KeyRequest.Details,
        new("key", DetailShape.Text),
        new("key_alias", DetailShape.Text),
        new("user_id", DetailShape.Text),
        new("team_id", DetailShape.Text),
        new("organization_id", DetailShape.Text),
        new("models", DetailShape.TextList, "[]"),
        new("metadata", DetailShape.Object, "{}"),
        new("blocked", DetailShape.Flag),
        new("spend", DetailShape.Dollars),
        new("budget_id", DetailShape.Text),
        new("duration", DetailShape.Duration),
        new("temp_budget_increase", DetailShape.Dollars),
        new("temp_budget_expiry", DetailShape.Moment),
    ];

    private static readonly DetailField[] NewSecret =
    [
        .. Settings,
        new("new_key", DetailShape.Text),
        new("grace_period", DetailShape.Duration),
        new("new_master_key", DetailShape.Text),
    ];

    public static readonly EndpointDescription[] All =
    [
        new("POST", "/key/generate", "Makes a key; only this answer holds it in plain.")
        {
            Fields = Settings,
            Shown = ["key_alias", "models", "max_budget", "budget_duration", "duration", "metadata"],
            Answer = KeyJson.Default.KeyView,
        },
        new("POST", "/key/update", "Changes a key: what is stated applies, null clears, what is absent stays.")
        {
            Fields = Settings,
            Required = ["key"],
            Shown = ["max_budget", "tpm_limit"],
            Answer = KeyJson.Default.KeyView,
        },
        new("GET", "/key/info", "Shows a key, by itself or by its hash; without one, the caller's own.") { Answer = KeyJson.Default.KeyInfo },
        new("POST", "/key/delete", "Deletes keys, all or none of those that are named.")
        {
            Fields = [TextList("keys"), TextList("key_aliases")],
            Shown = ["keys"],
            Answer = KeyJson.Default.DeletedKeys,
        },
        new("POST", "/key/block", "Has the calls of a key refused from the next one on.") { Fields = [Text("key")], Required = ["key"], Answer = KeyJson.Default.KeyView },
        new("POST", "/key/unblock", "Takes a block back.") { Fields = [Text("key")], Required = ["key"], Answer = KeyJson.Default.KeyView },
        new("POST", "/key/service-account/generate", "Makes a key that belongs to a team and to no user.")
        {
            Fields = Settings,
            Required = ["team_id"],
            Shown = ["key_alias", "metadata"],
            Answer = KeyJson.Default.KeyView,
        },
        new("POST", "/key/regenerate", "Gives a key a new secret; spend, budgets and alias stay.")
        {
            Fields = NewSecret,
            Required = ["key"],
            Shown = ["grace_period"],
            Answer = KeyJson.Default.KeyView,
        },
        new("POST", "/key/{key}/regenerate", "Gives a key a new secret; spend, budgets and alias stay.")
        {
            Fields = NewSecret,
            Shown = ["grace_period"],
            Answer = KeyJson.Default.KeyView,
        },
        new("POST", "/key/bulk_update", "Changes up to 500 keys, each by itself.")
        {
            Fields = [new("keys", DetailShape.List)],
            Required = ["keys"],
            Answer = KeyBulkJson.Default.BulkUpdate,
        },
        new("GET", "/key/list", "Lists the keys that the caller may see, in pages.")
        {
            Query = [.. KeyListQuery.OfKeys.Select(QueryField)],
            Answer = KeyListJson.Default.KeyHashPage,
        },
        new("GET", "/key/aliases", "Lists the aliases of the keys that the caller may see, in pages.")
        {
            Query = [.. KeyListQuery.OfAliases.Select(QueryField)],
            Answer = KeyListJson.Default.KeyAliasPage,
        },
        new("POST", "/v2/key/info", "Shows up to 100 keys; those that are unknown, or not the caller's to see, are missing.")
        {
            Fields = [TextList("keys")],
            Required = ["keys"],
            Answer = KeyListJson.Default.KeyInfos,
        },
        new("POST", "/key/{key}/reset_spend", "Sets the spend of a key back; the book of calls stays.")
        {
            Fields = [new("reset_to", DetailShape.Dollars)],
            Shown = ["reset_to"],
            Answer = KeySpendJson.Default.SpendReset,
        },
        new("POST", "/global/spend/reset", "Sets the spend of all keys and teams to nothing; the book of calls stays.") { Answer = KeySpendJson.Default.AllReset },
    ];

    private static DetailField QueryField(string name) => name switch
    {
        "page" or "size" => new DetailField(name, DetailShape.Count),
        _ when name.StartsWith("include_", StringComparison.Ordinal) || name.StartsWith("return_", StringComparison.Ordinal) => new DetailField(name, DetailShape.Flag),
        _ => Text(name),
    };
}
