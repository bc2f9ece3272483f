using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Shipping;

namespace Proxy.Tests.Logging;

public sealed class DeliveryVerdictTests
{
    [TestCase(200, nameof(Delivery.Delivered), nameof(Delivery.Delivered))]
    [TestCase(207, nameof(Delivery.Delivered), nameof(Delivery.Delivered))]
    [TestCase(302, nameof(Delivery.Retry), nameof(Delivery.Retry))]
    [TestCase(400, nameof(Delivery.Halve), nameof(Delivery.DeadLetter))]
    [TestCase(401, nameof(Delivery.Park), nameof(Delivery.Park))]
    [TestCase(403, nameof(Delivery.Park), nameof(Delivery.Park))]
    [TestCase(404, nameof(Delivery.Park), nameof(Delivery.Park))]
    [TestCase(408, nameof(Delivery.Retry), nameof(Delivery.Retry))]
    [TestCase(413, nameof(Delivery.Halve), nameof(Delivery.Truncate))]
    [TestCase(415, nameof(Delivery.Park), nameof(Delivery.Park))]
    [TestCase(425, nameof(Delivery.Retry), nameof(Delivery.Retry))]
    [TestCase(429, nameof(Delivery.Retry), nameof(Delivery.Retry))]
    [TestCase(500, nameof(Delivery.Retry), nameof(Delivery.Retry))]
    [TestCase(524, nameof(Delivery.Retry), nameof(Delivery.Retry))]
    public void A_status_decides_what_becomes_of_many_records_and_of_one(int status, string ofMany, string ofOne)
    {
        var many = DeliveryVerdict.Of(status, null, 2, "");
        var one = DeliveryVerdict.Of(status, null, 1, "");

        ($"{many.Kind}", $"{one.Kind}").Should().Be((ofMany, ofOne));
    }

    [TestCase(-5, 0)]
    [TestCase(7, 7)]
    [TestCase(1_000_000, 3600)]
    public void Retry_After_is_honoured_within_reason(int asked, int granted) =>
        DeliveryVerdict.Of(503, TimeSpan.FromSeconds(asked), 1, "").After.Should().Be(TimeSpan.FromSeconds(granted));

    [Test]
    public void Only_a_429_concerns_the_whole_host() =>
        new[] { 429, 503 }.Select(status => DeliveryVerdict.Of(status, null, 1, "").ConcernsHost).Should().Equal(true, false);

    [Test]
    public void An_address_that_is_forbidden_parks_the_target() =>
        DeliveryVerdict.Of(new HttpRequestException("x", new ForbiddenAddressException("127.0.0.1"))).Kind.Should().Be(Delivery.Park);

    [Test]
    public void A_broken_network_is_tried_again()
    {
        Exception[] faults = [new HttpRequestException("x"), new IOException(), new OperationCanceledException()];

        faults.Select(fault => DeliveryVerdict.Of(fault).Kind).Should().AllBeEquivalentTo(Delivery.Retry);
    }
}
