using Microsoft.AspNetCore.DataProtection;
using NUnit.Framework;

namespace Proxy.Tests.Logging;

/// <summary>An outbox of its own for each test, with a clock that is moved by hand and a Langfuse that takes everything.</summary>
internal abstract class OutboxFixture : IDisposable
{
    protected EphemeralDataProtectionProvider Protection { get; } = new();

    protected ManualTimeProvider Time { get; } = new();

    protected TempOutboxDatabase Database { get; private set; } = null!;

    protected FakeLangfuse Langfuse { get; private set; } = null!;

    protected FakeProject Blue { get; private set; } = null!;

    [SetUp]
    public async Task StartOutbox()
    {
        Database = new();
        Langfuse = await FakeLangfuse.StartAsync();
        Blue = Langfuse.AddProject("blue");
    }

    [TearDown]
    public async Task StopOutbox()
    {
        await Langfuse.DisposeAsync();
        Database.Dispose();
    }

    public void Dispose() => Database?.Dispose();
}
