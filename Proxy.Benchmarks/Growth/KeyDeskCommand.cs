using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using Proxy.Benchmarks.Load;
using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Growth;

/// <summary>The command <c>desk</c>: what the management of keys takes where there are very many, by its real endpoints, one call after another.</summary>
internal static class KeyDeskCommand
{
    public const string Verb = "desk";

    private const int WarmCalls = 50;
    private const int Users = 10_000;

    public static Task<int> RunAsync(string[] arguments)
    {
        var keys = new Option<int>("--keys") { Description = "How many keys there are.", DefaultValueFactory = _ => 1_000_000 };
        var calls = new Option<int>("--calls") { Description = "Calls of each kind.", DefaultValueFactory = _ => 300 };
        var command = new RootCommand("Measures the endpoints of keys in a gateway that has very many of them.") { keys, calls };
        command.SetAction(line => MeasureAsync(line.GetValue(keys), line.GetValue(calls)));
        return command.Parse(arguments).InvokeAsync();
    }

    private static async Task MeasureAsync(int keys, int calls)
    {
        var folder = Directory.CreateTempSubdirectory("proxy-desk-").FullName;
        try
        {
            var cold = await FillAsync(folder, keys, calls);
            var (process, port) = await Gateway.LaunchAsync(MeasuredProcess.SubjectCore, MeasuredProcess.FreePort(), folder, []);
            await using (process)
            {
                await Gateway.AwaitReadyAsync(port);
                using var client = Gateway.Admin(port);
                await MeasureAsync(client, keys, calls, cold);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Some keys that are known, and very many rows beside them.</summary>
    /// <returns>The known keys; nobody has used them yet when the gateway starts again.</returns>
    private static async Task<IReadOnlyList<string>> FillAsync(string folder, int keys, int calls)
    {
        var known = new List<string>();
        var (process, port) = await Gateway.LaunchAsync(MeasuredProcess.SubjectCore, MeasuredProcess.FreePort(), folder, []);
        await using (process)
        {
            await Gateway.AwaitReadyAsync(port);
            using var client = Gateway.Admin(port);
            for (var key = 0; key < calls + WarmCalls; key++) known.Add((string)(await Gateway.PostAsync(client, "/key/generate", """{"user_id":"known"}"""))["key"]!);
        }

        BulkRows.Multiply(Path.Combine(folder, "data", "proxy.db"), "api_key", keys, new Dictionary<string, string?>
        {
            ["key_hash"] = "unhex(printf('%064x', i))",
            ["key_alias"] = "printf('alias-%d', i)",
            ["user_id"] = string.Create(CultureInfo.InvariantCulture, $"printf('user-%d', i % {Users})"),
            ["created_at"] = "t.created_at + i",
            ["updated_at"] = "t.updated_at + i % 1000",
            ["spend"] = "i % 1000003",
        });
        return known;
    }

    private static async Task MeasureAsync(HttpClient client, int keys, int calls, IReadOnlyList<string> cold)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {keys:#,0} keys | median ms | p99 ms |"));
        Console.WriteLine("|---|---|---|");
        Task ReportAsync(string name, Func<int, HttpRequestMessage> make) => KeyDeskCommand.ReportAsync(client, name, calls, make);

        await ReportAsync("generate", _ => new HttpRequestMessage(HttpMethod.Post, "/key/generate") { Content = Json("{\"user_id\":\"known\"}") });
        await ReportAsync("info", _ => Get($"/key/info?key={Hash(keys)}"));
        await ReportAsync("update", _ => new HttpRequestMessage(HttpMethod.Post, "/key/update") { Content = Json($$"""{"key":"{{Hash(keys)}}","rpm_limit":7}""") });
        await ReportAsync("the first call of a key", call => Get("/v1/models", cold[call]));
        await ReportAsync("first page of the list", _ => Get("/key/list?size=50"));
        await ReportAsync("first page of the list, whole keys", _ => Get("/key/list?size=50&return_full_object=true"));
        await ReportAsync("a page of a user's keys", _ => Get($"/key/list?size=50&user_id=user-{Random.Shared.Next(Users)}"));
        await ReportAsync("a page by an alias", _ => Get($"/key/list?key_alias=alias-{Random.Shared.Next(1, keys)}"));
        await ReportAsync("first page in the order of budgets", _ => Get("/key/list?size=50&sort_by=max_budget&sort_order=desc"));
        await ReportAsync("first page in the order of aliases", _ => Get("/key/list?size=50&sort_by=key_alias&sort_order=asc"));
        await ReportAsync("first page in the order of changes", _ => Get("/key/list?size=50&sort_by=updated_at&sort_order=desc"));
        await ReportAsync("first page in the order of spend", _ => Get("/key/list?size=50&sort_by=spend&sort_order=desc"));
        await ReportAsync("a page in the middle of the list", _ => Get($"/key/list?size=50&page={Random.Shared.Next(1, Math.Max(2, keys / 50))}"));
    }

    private static async Task ReportAsync(HttpClient client, string name, int calls, Func<int, HttpRequestMessage> make)
    {
        var times = new List<double>();
        for (var call = 0; call < WarmCalls + calls; call++)
        {
            using var request = make(call);
            var startedAt = TimeProvider.System.GetTimestamp();
            using var answer = await client.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
            if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{name}: {await answer.Content.ReadAsStringAsync()}");
            if (call >= WarmCalls) times.Add(TimeProvider.System.GetElapsedTime(startedAt).TotalMilliseconds);
        }

        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {times[times.Count / 2]:0.00} | {times[times.Count * 99 / 100]:0.00} |"));
    }

    private static HttpRequestMessage Get(string path, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    private static StringContent Json(string body) => new(body, new MediaTypeHeaderValue("application/json"));

    private static string Hash(int keys) => Random.Shared.Next(1, keys).ToString("x64", CultureInfo.InvariantCulture);
}
