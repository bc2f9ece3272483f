using System.Globalization;
using BenchmarkDotNet.Running;
using Proxy.Benchmarks;
using Proxy.Benchmarks.Growth;
using Proxy.Benchmarks.Load;
using Proxy.Benchmarks.Shipping;

if (args is ["shipping", .. var numbers])
{
    int[] all = [.. numbers.Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
    return await ShippingLoad.RunAsync(all is [var calls, ..] ? calls : 20_000, all is [_, .. { Length: > 0 } sizes] ? sizes : [1024, 2048, 32 * 1024]);
}

if (args is [TranslationLoad.Verb]) return TranslationLoad.Run();

// The parts are measured by BenchmarkDotNet, which has a command line of its own; the whole by a load on real sockets.
if (args is [GrowthCommand.Verb, .. var options]) return await GrowthCommand.RunAsync(options);
if (args is [KeyDeskCommand.Verb, .. var choices]) return await KeyDeskCommand.RunAsync(choices);

if (args is not [var first, .. var rest] || !LoadCommand.Serves(first))
{
    BenchmarkSwitcher.FromAssembly(typeof(LoadCommand).Assembly).Run(args);
    return 0;
}

return await LoadCommand.RunAsync(first, rest);
