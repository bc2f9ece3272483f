using System.Globalization;
using System.Text;
using System.Text.Json;
using Proxy.Logging.Records;
using Proxy.Management.Keys;
using Proxy.Management.Spend;

namespace Proxy.Benchmarks.Shipping;

/// <summary>What recording and shipping a call costs of processor time, all threads of the process together: in the book alone, and with its log.</summary>
internal static class ShippingLoad
{
    private const int Concurrent = 64;
    private const int Rounds = 5;

    private static readonly string[] Words =
    [
        .. ("the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would "
            + "their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two may first then "
            + "do any like my now over such our man me even most made after also well before must through years where much your way down should because long each just "
            + "state those people how too little good world make very year still see work life against between never under last while might great old").Split(' '),
    ];

    public static async Task<int> RunAsync(int callsPerRound, params IReadOnlyList<int> sizes)
    {
        await using var rig = await ShippingRig.StartAsync();
        Console.WriteLine("| bytes in, and out | CPU µs per call: book alone | with its log, shipped | difference | bytes allocated: book alone | with its log |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var bytes in sizes)
        {
            var calls = bytes > 10_000 ? callsPerRound / 10 : callsPerRound;
            await MeasureAsync(rig, calls, bytes, isLogged: true);
            await MeasureAsync(rig, calls, bytes, isLogged: true);
            var (book, log) = (new List<(double Time, double Bytes)>(), new List<(double Time, double Bytes)>());
            for (var round = 0; round < Rounds; round++)
            {
                book.Add(await MeasureAsync(rig, calls, bytes, isLogged: false));
                log.Add(await MeasureAsync(rig, calls, bytes, isLogged: true));
            }

            var (bookMedian, logMedian) = (book.Order().ElementAt(Rounds / 2), log.Order().ElementAt(Rounds / 2));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {bytes} | {bookMedian.Time:0.0} | {logMedian.Time:0.0} | {logMedian.Time - bookMedian.Time:0.0} | {bookMedian.Bytes:0} | {logMedian.Bytes:0} |"));
        }

        return 0;
    }

    private static async Task<(double Time, double Bytes)> MeasureAsync(ShippingRig rig, int calls, int bytes, bool isLogged)
    {
        var texts = Enumerable.Range(0, 64).Select(seed => (Input: Text(seed, bytes), Output: Text(seed + 1000, bytes))).ToArray();
        var allocated = GC.GetTotalAllocatedBytes();
        var before = Environment.CpuUsage.TotalTime;
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, Concurrent).Select(_ => Task.Run(async () =>
        {
            for (var call = Interlocked.Increment(ref next); call <= calls; call = Interlocked.Increment(ref next))
            {
                await rig.AwaitRoomAsync();
                var now = TimeProvider.System.GetUtcNow();
                var id = Guid.CreateVersion7(now);
                var (input, output) = texts[call % texts.Length];
                await rig.RecordAsync(Spend(id, call, now), isLogged ? Record(id, call, now, input, output) : null);
            }
        })));
        if (isLogged) await rig.AwaitShippedAsync();
        return ((Environment.CpuUsage.TotalTime - before).TotalMicroseconds / calls, (double)(GC.GetTotalAllocatedBytes() - allocated) / calls);
    }

    /// <summary>Prose, which compresses as prose does.</summary>
    private static byte[] Text(int seed, int bytes)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        while (text.Length < bytes - 80) text.Append(Words[random.Next(Words.Length)]).Append(random.Next(12) == 0 ? ".\n" : " ");
        return Encoding.UTF8.GetBytes($$"""[{"role":"user","content":{{JsonSerializer.Serialize(text.ToString())}}}]""");
    }

    private static SpendEntry Spend(Guid id, int call, DateTimeOffset now) => new()
    {
        CallId = id,
        CallType = "acompletion",
        KeyHash = KeyHash.Of($"sk-{call % 100}"),
        TeamId = $"team-{call % 10}",
        UserId = $"user-{call % 100}",
        Model = "gpt-4o",
        UpstreamModel = "gpt-4o-2026",
        Provider = "openai",
        Destination = "gpt-4o/openai",
        Outcome = SpendOutcome.Success,
        StatusCode = 200,
        Usage = new TokenUsage(500, 20, 0, 500, 0),
        Cost = 0.001m,
        StartedAt = now,
        EndedAt = now,
    };

    private static CompletionRecord Record(Guid id, int call, DateTimeOffset now, byte[] input, byte[] output) => new()
    {
        Id = id,
        TraceId = id.ToString("N"),
        SpanId = id.ToString("N")[16..],
        TraceName = "litellm-acompletion",
        Name = "litellm:search-ci",
        Operation = "chat",
        StartedAt = now,
        EndedAt = now,
        Level = CompletionLevel.Default,
        Model = "gpt-4o",
        UpstreamModel = "gpt-4o-2026",
        Provider = "openai",
        UserId = $"user-{call % 100}",
        Metadata = new Dictionary<string, string>
        {
            ["call_id"] = $"\"{id}\"",
            ["user_api_key_hash"] = "\"88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b\"",
            ["user_api_key_alias"] = "\"search-ci\"",
            ["user_api_key_user_id"] = $"\"user-{call % 100}\"",
            ["user_api_key_team_id"] = $"\"team-{call % 10}\"",
            ["user_api_key_team_alias"] = "\"search\"",
            ["model_group"] = "\"gpt-4o\"",
            ["model_id"] = "\"gpt-4o/openai\"",
            ["status"] = "200",
        },
        Parameters = "{\"temperature\":0.2,\"max_tokens\":500}"u8.ToArray(),
        Input = input,
        Output = output,
        Usage = new(500, 20, 0, 500, 0),
        Cost = new(0.0005m, 0.0005m),
    };
}
