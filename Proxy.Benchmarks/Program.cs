using BenchmarkDotNet.Running;
using Proxy.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(TranslationBenchmark).Assembly).Run(args);
