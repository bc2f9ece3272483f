using System.Globalization;

namespace Proxy.Benchmarks;

/// <summary>What a call costs more of processor time when it is translated, by <see cref="TranslationBenchmark"/>'s calls: all measured in turn, round by round, so that a shared machine falls on all alike.</summary>
internal static class TranslationLoad
{
    public const string Verb = "translation";

    private const int Rounds = 9;
    private const int Calls = 2000;

    public static int Run()
    {
        var benchmark = new TranslationBenchmark();
        benchmark.Setup();
        (string Name, Action Call)[] subjects =
        [
            ("untranslated", () => benchmark.Untranslated()),
            ("chat on messages", () => benchmark.ChatOnMessages()), ("messages on chat", () => benchmark.MessagesOnChat()),
            ("chat on responses", () => benchmark.ChatOnResponses()), ("messages on responses", () => benchmark.MessagesOnResponses()),
            ("messages on Converse", () => benchmark.MessagesOnConverse()), ("chat on Converse, by way of messages", () => benchmark.ChatOnConverse()),
            ("responses on Converse, by way of both", () => benchmark.ResponsesOnConverse()),
            ("chat on messages, 20 events", () => benchmark.ChatOnMessagesStreamed()), ("messages on chat, 20 events", () => benchmark.MessagesOnChatStreamed()),
            ("chat on responses, 20 events", () => benchmark.ChatOnResponsesStreamed()), ("messages on responses, 20 events", () => benchmark.MessagesOnResponsesStreamed()),
            ("messages on Converse, 20 events", () => benchmark.MessagesOnConverseStreamed()), ("chat on Converse, 20 events", () => benchmark.ChatOnConverseStreamed()),
            ("responses on Converse, 20 events", () => benchmark.ResponsesOnConverseStreamed()),
            ("a signature for Bedrock, beside", () => benchmark.Signature()),
        ];
        var times = subjects.ToDictionary(subject => subject.Name, _ => new List<double>());
        for (var round = -2; round < Rounds; round++)
        {
            foreach (var (name, call) in subjects)
            {
                var time = Measure(call);
                if (round >= 0) times[name].Add(time);
            }
        }

        var untranslated = Median(times["untranslated"]);
        Console.WriteLine("| 4 KB | CPU µs more than untranslated | least and most of the rounds |");
        Console.WriteLine("|---|---|---|");
        foreach (var (name, _) in subjects[1..])
        {
            var all = times[name];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {Median(all) - untranslated:0.0} | {all.Min() - untranslated:0.0}–{all.Max() - untranslated:0.0} |"));
        }

        return 0;
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    /// <returns>Microseconds a call, of all threads of the process: what collects the garbage of it counts.</returns>
    private static double Measure(Action call)
    {
        var before = Environment.CpuUsage.TotalTime;
        for (var count = 0; count < Calls; count++) call();
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / Calls;
    }
}
