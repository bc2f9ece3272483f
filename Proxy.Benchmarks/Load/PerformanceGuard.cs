using Proxy.Benchmarks.Load.Subjects;

namespace Proxy.Benchmarks.Load;

/// <summary>A short run that fails when the gateway costs many times what bare YARP costs beside it: a slip of a size that no noise explains.</summary>
internal static class PerformanceGuard
{
    /// <summary>Generous: about twice what is measured on a quiet machine, warmed for as short a time.</summary>
    private const double Bound = 4.5;

    public static async Task<int> RunAsync()
    {
        await using var suite = new LoadSuite(TimeSpan.FromSeconds(1), rounds: 5, warmUp: TimeSpan.FromSeconds(4));
        await suite.StartAsync(others: false);
        var figures = await suite.MeasureAsync(Scenario.Main with { Variants = false });
        new ReportWriter(Console.Out).Add(figures);

        var everything = figures.Single(line => line.Subject == Gateway.Everything);
        if (everything.Failures == 0 && everything.CpuAgainstBareYarp < Bound) return 0;

        Console.WriteLine($"A call costs {everything.CpuAgainstBareYarp:0.00} times what it costs bare YARP ({Bound} are allowed), and {everything.Failures} failed.");
        return 1;
    }
}
