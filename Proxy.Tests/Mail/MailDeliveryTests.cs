using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Mail;

namespace Proxy.Tests.Mail;

internal sealed class MailDeliveryTests
{
    [TestCase(0, 5)]
    [TestCase(1, 10)]
    [TestCase(6, 320)]
    [TestCase(7, 600)]
    [TestCase(1_000_000, 600)]
    public void A_mail_waits_longer_after_each_attempt_up_to_ten_minutes(long attempts, int seconds) =>
        MailDelivery.DelayAfter(attempts).Should().Be(TimeSpan.FromSeconds(seconds));

    [TestCase("a@example.com", true)]
    [TestCase("first.last+tag@sub.example.com", true)]
    [TestCase("a@example.com\r\nBcc: b@example.com", false)]
    [TestCase("a@example.com, b@example.com", false)]
    [TestCase("a@example.com;b@example.com", false)]
    [TestCase("Name <a@example.com>", false)]
    [TestCase("<a@example.com>", false)]
    [TestCase(" a@example.com", false)]
    [TestCase("a@example.com>\u0000", false)]
    [TestCase("a", false)]
    [TestCase("", false)]
    public void An_address_is_one_bare_address(string text, bool isAddress) => MailText.IsAddress(text).Should().Be(isAddress);

    [Test]
    public void An_address_has_a_length() => MailText.IsAddress(new string('a', 250) + "@example.com").Should().BeFalse();
}
