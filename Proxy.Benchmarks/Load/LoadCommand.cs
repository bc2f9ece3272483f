using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Load;

/// <summary>The command line of the load: <c>load</c> and <c>guard</c> for people, and the programs that they start for themselves.</summary>
internal static class LoadCommand
{
    public const string ProviderVerb = "load-provider";
    public const string BareYarpVerb = "load-bare-yarp";

    private const string LoadVerb = "load";
    private const string GuardVerb = "guard";
    private const string LogVerb = "log";
    private const string OutageVerb = "outage";
    private const string ScrapeVerb = "scrape";

    // Of four times ten seconds: more than ten minutes.
    private const int DefaultOutageRounds = 20;
    private const int DefaultScrapeRounds = 4;
    private const int DefaultLogRounds = 20;

    public static bool Serves(string verb) => verb is ProviderVerb or BareYarpVerb or LoadVerb or GuardVerb or LogVerb or OutageVerb or ScrapeVerb;

    public static async Task<int> RunAsync(string verb, string[] arguments) => verb switch
    {
        ProviderVerb => await ProviderServer.RunAsync(Number(arguments[0])),
        BareYarpVerb => await BareYarp.RunAsync(Number(arguments[0]), Number(arguments[1]), Enum.Parse<YarpLogging>(arguments[2])),
        GuardVerb => await PerformanceGuard.RunAsync(),
        LogVerb => await LogRun.RunAsync(arguments is [var count, ..] ? Number(count) : DefaultLogRounds, [null, .. arguments.Skip(1)]),
        OutageVerb => await OutageRun.RunAsync(arguments is [var rounds] ? Number(rounds) : DefaultOutageRounds),
        ScrapeVerb => await ScrapeRun.RunAsync(arguments is [var pairs] ? Number(pairs) : DefaultScrapeRounds),
        _ => await Load().Parse(arguments).InvokeAsync(),
    };

    private static RootCommand Load()
    {
        var json = new Option<string>("--json") { Description = "Where the figures go as JSON, besides the table.", HelpName = "FILE" };
        var only = new Option<string>("--only") { Description = "Only the scenarios whose name holds this.", HelpName = "TEXT" };
        var subject = new Option<string>("--subject") { Description = "Only the subjects whose name holds this, beside no proxy and bare YARP.", HelpName = "TEXT" };
        var settings = new Option<string[]>("--gateway-setting") { Description = "An environment variable of the gateway alone, to see what it does.", HelpName = "NAME=VALUE" };
        var build = new Option<string>("--other-build") { Description = "Another build of the gateway, measured in the same rounds.", HelpName = "FOLDER" };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each scenario.", DefaultValueFactory = _ => 5 };
        var seconds = new Option<double>("--seconds") { Description = "Length of one measurement.", DefaultValueFactory = _ => 3 };
        var warmUp = new Option<double>("--warm-up") { Description = "Seconds that each subject is warmed for.", DefaultValueFactory = _ => 20 };
        var command = new RootCommand("Measures the gateway beside bare YARP, nginx and Portkey against a loopback provider.") { json, only, subject, settings, build, rounds, seconds, warmUp };
        command.SetAction(async (line, stop) =>
        {
            await using var suite = new LoadSuite(TimeSpan.FromSeconds(line.GetValue(seconds)), line.GetValue(rounds), TimeSpan.FromSeconds(line.GetValue(warmUp)));
            var report = new ReportWriter(Console.Out);
            await suite.StartAsync(others: true, line.GetValue(subject) ?? "", Pairs(line.GetValue(settings) ?? []), line.GetValue(build));
            var filter = line.GetValue(only) ?? "";
            foreach (var scenario in Scenario.All.Where(scenario => scenario.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))) report.Add(await suite.MeasureAsync(scenario));
            foreach (var streams in (int[])[1000, 5000])
            {
                if ($"{streams} slow streams".Contains(filter, StringComparison.OrdinalIgnoreCase)) report.Add(await suite.MeasureMemoryAsync(streams, TimeSpan.FromSeconds(15)));
            }

            if (line.GetValue(json) is { } path) await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report.Whole, LoadReportJson.Default.LoadReport), stop);
        });
        return command;
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string[] settings) =>
        settings.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair.ElementAtOrDefault(1) ?? ""));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
