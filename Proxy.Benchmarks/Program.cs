using BenchmarkDotNet.Running;
using Proxy.Benchmarks.Load;

// The parts are measured by BenchmarkDotNet, which has a command line of its own; the whole by a load on real sockets.
if (args is not [var first, .. var rest] || !LoadCommand.Serves(first))
{
    BenchmarkSwitcher.FromAssembly(typeof(LoadCommand).Assembly).Run(args);
    return 0;
}

return await LoadCommand.RunAsync(first, rest);
