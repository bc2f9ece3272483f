using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

internal sealed class CallMemoryTests
{
    private readonly CallMemory _memory = new(stepBits: 2);

    [TestCase(0, 1024)]
    [TestCase(1, 1024)]
    [TestCase(1024, 1024)]
    [TestCase(1025, 1280)]
    [TestCase(1280, 1280)]
    [TestCase(1281, 1536)]
    [TestCase(2048, 2048)]
    [TestCase(2049, 2560)]
    [TestCase(133_000, 160 * 1024)]
    [TestCase(4 << 20, 4 << 20)]
    [TestCase((4 << 20) + 1, 8 << 20)]
    public void An_array_is_as_long_as_it_must_be(int wanted, int length) => _memory.Rent(wanted).Length.Should().Be(length);

    [TestCase(1, 1024)]
    [TestCase(1025, 2048)]
    [TestCase(3_000_000, 4 << 20)]
    public void Few_lengths_are_powers_of_two(int wanted, int length) => new CallMemory(stepBits: 0).Rent(wanted).Length.Should().Be(length);

    [Test]
    public void Whatever_is_wanted_is_there_and_comes_back_to_its_place([Range(1, 5_000_000, 40_999)] int wanted)
    {
        var array = _memory.Rent(wanted);
        _memory.Return(array);

        array.Length.Should().BeGreaterThanOrEqualTo(wanted);
        if (wanted is > 1024 and <= 4 << 20) array.Length.Should().BeLessThanOrEqualTo(wanted + (wanted / 4) + 1);
        if (wanted <= 4 << 20) _memory.Rent(wanted).Should().BeSameAs(array);
    }

    [Test]
    public void As_many_as_come_back_are_lent_again()
    {
        var all = Enumerable.Range(0, 500).Select(_ => _memory.Rent(8000)).ToList();
        foreach (var array in all) _memory.Return(array);

        var again = Enumerable.Range(0, 500).Select(_ => _memory.Rent(7500)).ToList();

        again.Should().OnlyHaveUniqueItems().And.OnlyContain(array => all.Contains(array));
        _memory.KeptBytes.Should().Be(0);
    }

    [Test]
    public void What_is_kept_is_bounded()
    {
        foreach (var array in Enumerable.Range(0, 40).Select(_ => _memory.Rent(1 << 20)).ToList()) _memory.Return(array);
        _memory.KeptBytes.Should().Be(8 << 20);

        foreach (var array in Enumerable.Range(0, 40).Select(_ => _memory.Rent(1 << 10)).ToList()) _memory.Return(array);
        _memory.KeptBytes.Should().Be((8 << 20) + (40 << 10), "large ones leave room for small ones");
    }

    [TestCase(0)]
    [TestCase(512)]
    [TestCase(1500)]
    [TestCase(8 << 20)]
    public void What_is_not_of_its_lengths_is_not_kept(int length)
    {
        _memory.Return(new byte[length]);

        _memory.KeptBytes.Should().Be(0);
    }

    [Test]
    public void What_nobody_needed_for_a_while_goes()
    {
        foreach (var array in Enumerable.Range(0, 10).Select(_ => _memory.Rent(1024)).ToList()) _memory.Return(array);
        _memory.Trim();
        _memory.KeptBytes.Should().Be(10 * 1024, "all of it was needed a moment ago");

        foreach (var array in Enumerable.Range(0, 3).Select(_ => _memory.Rent(1024)).ToList()) _memory.Return(array);
        _memory.Trim();
        _memory.KeptBytes.Should().Be(3 * 1024);

        _memory.Trim();
        _memory.KeptBytes.Should().Be(0);
    }

    [Test]
    public void No_array_is_lent_to_two_at_once()
    {
        var overwritten = 0;
        Parallel.For(0, 8, caller =>
        {
            var random = new Random(caller);
            for (var call = 0; call < 20_000; call++)
            {
                var array = _memory.Rent(random.Next(1, 5000));
                array.AsSpan().Fill((byte)caller);
                if (call % 100 == 0) _memory.Trim();
                if (array.AsSpan().IndexOfAnyExcept((byte)caller) >= 0) Interlocked.Increment(ref overwritten);
                _memory.Return(array);
            }
        });

        overwritten.Should().Be(0);
        _memory.Trim();
        _memory.Trim();
        _memory.KeptBytes.Should().Be(0);
    }
}
