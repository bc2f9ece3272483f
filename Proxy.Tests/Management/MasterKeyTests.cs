using System.Runtime.Versioning;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Management.Keys;

namespace Proxy.Tests.Management;

[TestFixture]
[Platform(Exclude = "Win")]
[UnsupportedOSPlatform("windows")]
internal sealed class MasterKeyTests
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("proxy-tests-").FullName, "data");

    [TearDown]
    public void Remove() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Test]
    public void A_new_key_is_made_once_for_the_owner_alone()
    {
        var made = MasterKey.LoadOrCreate(_folder, environmentValue: null);
        var read = MasterKey.LoadOrCreate(_folder, environmentValue: null);

        made.NewKey.Should().StartWith("sk-").And.HaveLength(46);
        read.NewKey.Should().BeNull();
        read.Matches(KeyHash.Of(made.NewKey)).Should().BeTrue();
        File.GetUnixFileMode(Path.Combine(_folder, "master-key")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(_folder).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Test]
    public void The_environment_wins_and_leaves_no_file()
    {
        var key = MasterKey.LoadOrCreate(_folder, "a key of the operator");

        key.Matches(KeyHash.Of("a key of the operator")).Should().BeTrue();
        key.Matches(KeyHash.Of("a key of the operato")).Should().BeFalse();
        Directory.Exists(_folder).Should().BeFalse();
    }

    [TestCase("")]
    [TestCase("  ")]
    public void An_empty_key_stops_the_program(string value)
    {
        var load = () => MasterKey.LoadOrCreate(_folder, value);

        load.Should().Throw<ArgumentException>().WithMessage("The environment variable PROXY_MASTER_KEY is empty*");
    }

    [Test]
    public void An_empty_file_stops_the_program()
    {
        Directory.CreateDirectory(_folder);
        File.WriteAllText(Path.Combine(_folder, "master-key"), "\n");

        var load = () => MasterKey.LoadOrCreate(_folder, environmentValue: null);

        load.Should().Throw<ArgumentException>().WithMessage("The file * is empty*");
    }
}
