using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

namespace Proxy.Tests.Management;

[TestFixture]
internal sealed class PriceTests
{
    [Test]
    public void Every_kind_of_token_has_its_price()
    {
        var price = new ModelPrice(3, 15, 0.3m, 3.75m);

        price.CostOf(new TokenUsage(100, 10, 1, 20, 2)).Should().Be((300 + 3 + 3.75m, 330m));
    }

    [Test]
    public void Cached_input_without_a_price_costs_as_input()
    {
        new ModelPrice(2, 3).CostOf(new TokenUsage(1, 1, 1, 0, 0)).Should().Be((6m, 0m));
    }

    [Test]
    public void The_first_name_with_a_price_decides()
    {
        var table = PriceTable.Shipped.With([new("own", new ModelPrice(1, 1)), new("gpt-4o", new ModelPrice(9, 9))]);

        table.FindPrice("unknown", null, "own", "gpt-4o")!.InputCostPerToken.Should().Be(1);
        table.FindPrice("gpt-4o")!.InputCostPerToken.Should().Be(9);
        PriceTable.Shipped.FindPrice("gpt-4o")!.InputCostPerToken.Should().Be(0.0000025m);
        table.FindPrice("unknown").Should().BeNull();
    }

    [Test]
    public void A_negative_price_is_refused()
    {
        var change = () => PriceTable.Shipped.With([new("own", new ModelPrice(-1, 1))]);

        change.Should().Throw<ArgumentException>().WithMessage("The price of 'own' must not be negative.*");
    }

    [Test]
    public void The_demo_model_costs_something()
    {
        PriceTable.Shipped.FindPrice("demo").Should().Be(new ModelPrice(0.0000001m, 0.0000002m));
    }
}
