using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using static Proxy.Management.ApiDescription.SharedFields;

namespace Proxy.Management.Keys;

/// <summary>The key endpoints in the API's document.</summary>
internal static class KeyDescriptions
{
    private static readonly DetailField[] Settings =
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
        new("duration", DetailShape.Duration),
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
            Fields =
            [
                .. Settings, new("temp_budget_increase", DetailShape.Dollars), new("temp_budget_expiry", DetailShape.Moment),
            ],
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
    ];
}
