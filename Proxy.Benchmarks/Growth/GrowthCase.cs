using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Growth;

/// <summary>Something that a gateway has more of with the years.</summary>
/// <param name="Name">As it stands in the table.</param>
/// <param name="Large">The size that a call must not feel, or what part of it is asked for.</param>
/// <param name="Fill">Adds so many rows to a database; null when it is not the database that grows.</param>
/// <param name="IsLogDown">Whether nobody takes the log: only then does its outbox grow.</param>
/// <param name="MakeFirstAsync">Makes the first row with a client of the young gateway; null when that has one anyway.</param>
internal sealed record GrowthCase(
    string Name, long Large, Action<string, long>? Fill, bool IsLogDown = false, Func<HttpClient, Task>? MakeFirstAsync = null)
{
    public const string Models = "models";

    private const string StoredModel = """
        {"model_name":"first","litellm_params":{"model":"openai/gpt-4o","api_base":"http://127.0.0.1:9/v1","api_key":"provider","input_cost_per_token":0.0000025}}
        """;

    /// <summary>What the other size is a multiple of.</summary>
    public const long Ratio = 1000;

    public static readonly IReadOnlyList<GrowthCase> All =
    [
        new("keys", 1_000_000, static (file, count) => BulkRows.Multiply(file, "api_key", count, new Dictionary<string, string?>
        {
            ["key_hash"] = "unhex(printf('%064x', i))",
            ["key_alias"] = "null",
        })),
        new("teams", 100_000, static (file, count) => BulkRows.Multiply(file, "team", count, new Dictionary<string, string?>
        {
            ["team_id"] = "printf('grown-%d', i)",
            ["team_alias"] = "null",
        })),
        new("spend rows", 10_000_000, static (file, count) => BulkRows.Multiply(file, "spend_log", count, new Dictionary<string, string?>
        {
            ["call_id"] = "unhex(printf('%032x', i))",
        })),
        new("outbox backlog", 1_000_000, static (file, count) => BulkRows.Multiply(file, "outbox", count, new Dictionary<string, string?>
        {
            ["id"] = null,
        }), IsLogDown: true),
        new("log targets that are down", 1_000, FillTargets, IsLogDown: true),
        new(Models, 2_000, Fill: null),
        new("stored models", 2_000, FillModels, MakeFirstAsync: static client => Gateway.PostAsync(client, "/model/new", StoredModel)),
    ];

    /// <summary>All have the first one's parameters, which are encrypted without regard to whose they are.</summary>
    private static void FillModels(string file, long count) => BulkRows.Multiply(file, "model", count, new Dictionary<string, string?>
    {
        ["model_id"] = "printf('grown-%d', i)",
        ["model_name"] = "printf('grown-%d', i)",
    });

    /// <summary>Each with a record that waits: a target without one is only a row.</summary>
    private static void FillTargets(string file, long count)
    {
        BulkRows.Multiply(file, "log_target", count, new Dictionary<string, string?> { ["id"] = "printf('%064x', i)" });
        BulkRows.Multiply(file, "outbox", count, new Dictionary<string, string?> { ["id"] = null, ["target_id"] = "printf('%064x', i)" });
    }
}
