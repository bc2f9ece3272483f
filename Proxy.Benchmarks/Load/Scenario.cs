namespace Proxy.Benchmarks.Load;

/// <summary>One kind of load.</summary>
/// <param name="Name">As it stands in the report.</param>
/// <param name="Model">What the provider answers with.</param>
/// <param name="Padding">Bytes of prompt.</param>
/// <param name="Connections">Calls under way at once.</param>
/// <param name="Variants">Whether the gateway is measured with single things switched off, too.</param>
/// <param name="IsHalfLoad">Whether all subjects get half of the calls a second that the gateway does with everything on, instead of as many as they take.</param>
internal sealed record Scenario(string Name, string Model, int Padding, int Connections, bool Variants = false, bool IsHalfLoad = false)
{
    /// <summary>The one that the targets are about, and that a guard can go by.</summary>
    public static readonly Scenario Main = new("1 KB, 64 connections", ProviderServer.Small, 700, 64, Variants: true);

    public static readonly IReadOnlyList<Scenario> All =
    [
        new("1 KB, 1 connection", ProviderServer.Small, 700, 1),
        new("1 KB, 16 connections", ProviderServer.Small, 700, 16),
        Main,
        new("1 KB, half load", ProviderServer.Small, 700, 64, IsHalfLoad: true),
        new("1 KB, 256 connections", ProviderServer.Small, 700, 256),
        new("32 KB, 1 connection", ProviderServer.Large, 32_000, 1),
        new("32 KB, 16 connections", ProviderServer.Large, 32_000, 16),
        new("32 KB, 64 connections", ProviderServer.Large, 32_000, 64, Variants: true),
        new("32 KB, 256 connections", ProviderServer.Large, 32_000, 256),
        new("streams of 64 chunks, 64 connections", ProviderServer.Stream, 700, 64),
    ];

    public bool IsStream => Model == ProviderServer.Stream;
}
