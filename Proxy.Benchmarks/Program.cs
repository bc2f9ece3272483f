using System.Globalization;
using BenchmarkDotNet.Running;
using Proxy.Benchmarks.Load;
using Proxy.Benchmarks.Shipping;

if (args is ["shipping", ..]) return await ShippingLoad.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 20_000);

// The parts are measured by BenchmarkDotNet, which has a command line of its own; the whole by a load on real sockets.
if (args is not [var first, .. var rest] || !LoadCommand.Serves(first))
{
    BenchmarkSwitcher.FromAssembly(typeof(LoadCommand).Assembly).Run(args);
    return 0;
}

return await LoadCommand.RunAsync(first, rest);
