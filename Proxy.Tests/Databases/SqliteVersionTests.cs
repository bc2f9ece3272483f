using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace Proxy.Tests.Databases;

internal sealed class SqliteVersionTests
{
    /// <summary>Earlier ones can lose commits when two connections write and copy one log: https://sqlite.org/wal.html#walresetbug.</summary>
    [Test]
    public void Sqlite_is_one_that_loses_no_commit_when_its_log_begins_anew()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");

        Version.Parse(connection.ServerVersion).Should().BeGreaterThanOrEqualTo(new Version(3, 51, 3));
    }
}
