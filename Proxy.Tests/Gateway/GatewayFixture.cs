using System.Text.Json.Nodes;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A gateway with one model at one fake provider, and a client with a key that may do all.</summary>
internal abstract class GatewayFixture
{
    protected const string Model = "gpt-4o-mini";
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    protected FakeProvider Provider { get; private set; } = null!;

    protected TestGateway Gateway { get; private set; } = null!;

    protected string Key { get; private set; } = null!;

    protected HttpClient Client { get; private set; } = null!;

    /// <summary>Sections of proxy.json beside the cluster.</summary>
    protected virtual JsonObject? Sections => null;

    [SetUp]
    public async Task StartGatewayAsync()
    {
        Provider = await FakeProvider.StartAsync();
        Gateway = await TestGateway.StartAsync(TestClusters.At(Provider.Address, Model), Sections);
        Key = await Gateway.CreateKeyAsync();
        Client = Gateway.With(Key);
    }

    [TearDown]
    public async Task StopGatewayAsync()
    {
        // What failed in the set-up is the fault to show, not that this has nothing to stop.
        Client?.Dispose();
        if (Gateway is not null) await Gateway.DisposeAsync();
        if (Provider is not null) await Provider.DisposeAsync();
    }
}
