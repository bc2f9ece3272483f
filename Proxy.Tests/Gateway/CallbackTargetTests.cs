using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Recording;
using Proxy.Management.Callbacks;

namespace Proxy.Tests.Gateway;

/// <summary>Whose account a bucket of Google's is written to with. An empty secret stands for the machine's own.</summary>
internal sealed class CallbackTargetTests
{
    [TestCase(null)]
    [TestCase("")]
    [TestCase("/etc/passwd")]
    [TestCase(" {}")]
    public void Nobody_but_an_admin_uses_the_accounts_of_the_machine(string? account)
    {
        var target = CallbackTargets.Find(Bucket(account, isByAdmin: false))!;

        (target.SecretKey, target.IsTrusted).Should().Be(("{}", false));
    }

    [Test]
    public void An_admin_uses_the_machines_own_account_or_a_file_and_everybody_an_account_of_their_own()
    {
        const string Own = """{"type": "service_account"}""";
        var file = Path.GetTempFileName();
        File.WriteAllText(file, Own);

        CallbackTargets.Find(Bucket(null, isByAdmin: true))!.SecretKey.Should().BeEmpty();
        CallbackTargets.Find(Bucket(file, isByAdmin: true))!.SecretKey.Should().Be(Own);
        CallbackTargets.Find(Bucket(file + ".none", isByAdmin: true))!.SecretKey.Should().Be("{}", "it is not silently another account");
        CallbackTargets.Find(Bucket(Own, isByAdmin: false))!.SecretKey.Should().Be(Own);
        File.Delete(file);
    }

    private static TeamCallback Bucket(string? account, bool isByAdmin)
    {
        var vars = new Dictionary<string, string> { ["gcs_bucket_name"] = "bucket" };
        if (account is not null) vars["gcs_path_service_account"] = account;
        return new TeamCallback("gcs_bucket", CallbackType.Success, vars) { IsByAdmin = isByAdmin };
    }
}
