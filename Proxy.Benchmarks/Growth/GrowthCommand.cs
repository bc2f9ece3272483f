using System.CommandLine;
using System.Globalization;
using Proxy.Benchmarks.Load;

namespace Proxy.Benchmarks.Growth;

/// <summary>The command <c>growth</c>: whether a call costs the same in a gateway that has grown, and how long that takes to start.</summary>
internal static class GrowthCommand
{
    public const string Verb = "growth";


    private static readonly TimeSpan RoundLength = TimeSpan.FromSeconds(1);

    public static Task<int> RunAsync(string[] arguments)
    {
        var only = new Option<string>("--only") { Description = "Only what has this in its name.", HelpName = "TEXT" };
        var share = new Option<double>("--share") { Description = "What part of the full size the large gateway has.", DefaultValueFactory = _ => 1 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of a second of each.", DefaultValueFactory = _ => 7 };
        var command = new RootCommand("Compares a small gateway with one that has grown, side by side.") { only, share, rounds };
        command.SetAction(line => MeasureAsync(line.GetValue(only) ?? "", line.GetValue(share), line.GetValue(rounds)));
        return command.Parse(arguments).InvokeAsync();
    }

    private static async Task MeasureAsync(string only, double share, int rounds)
    {
        var providerPort = MeasuredProcess.FreePort();
        await using var provider = await ProviderServer.StartAsync(MeasuredProcess.LoadCore, providerPort);

        Console.WriteLine("| what grows | from | to | CPU µs per call, from | to | ratio | first call after s (of the processor), from | to | RSS MB, from | to |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var what in GrowthCase.All.Where(what => what.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            var large = Math.Max(1, (long)(what.Large * share));
            var small = Math.Max(1, large / GrowthCase.Ratio);
            await using var young = await GrownGateway.StartAsync(what, small, MeasuredProcess.SubjectCore, providerPort);
            await using var grown = await GrownGateway.StartAsync(what, large, MeasuredProcess.SubjectCore, providerPort);
            var (from, to, ratio) = await CompareAsync(young, grown, rounds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {what.Name} | {small:#,0} | {large:#,0} | {from:0} | {to:0} | {ratio:0.00} | {Text(young)} | {Text(grown)} | {young.ResidentMegabytes:0} | {grown.ResidentMegabytes:0} |"));
        }
    }

    private static async Task<(double From, double To, double Ratio)> CompareAsync(GrownGateway young, GrownGateway grown, int rounds)
    {
        await young.WarmAsync();
        await grown.WarmAsync();
        var pairs = new List<(double From, double To)>();
        for (var round = 0; round < rounds; round++) pairs.Add((await young.RunAsync(RoundLength), await grown.RunAsync(RoundLength)));
        return (Median(pairs.Select(pair => pair.From)), Median(pairs.Select(pair => pair.To)), Median(pairs.Select(pair => pair.To / pair.From)));
    }

    private static string Text(GrownGateway gateway) =>
        string.Create(CultureInfo.InvariantCulture, $"{gateway.Start.TotalSeconds:0.00} ({gateway.StartProcessor.TotalSeconds:0.00})");

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
