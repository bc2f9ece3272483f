using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests;

/// <summary>What the whole run shares is ended with it.</summary>
[SetUpFixture]
internal sealed class RunEnd
{
    [OneTimeTearDown]
    public Task StopAsync() => PostgresCluster.StopAsync();
}
