using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Shipping;

namespace Proxy.Tests.Logging;

internal sealed class HandoverTests
{
    private const long WholeRoom = 64 * 1024 * 1024;

    private readonly HandoverRoom _room = new();
    private long _id;

    [Test]
    public void The_room_that_was_taken_is_given_back_to_the_byte([Values] bool isForgotten)
    {
        var handover = new Handover(_room);
        for (var i = 0; i < 100; i++) Add(handover, 1000 + i, mostRecords: 7);
        _room.TryTake(WholeRoom).Should().BeFalse();

        if (isForgotten) handover.Forget();
        else while (handover.Take((7, int.MaxValue), out _) is not null) { }

        _room.TryTake(WholeRoom).Should().BeTrue();
    }

    [Test]
    public void What_was_read_meanwhile_is_not_handed_over_once_more()
    {
        var handover = new Handover(_room);
        for (var i = 0; i < 10; i++) Add(handover, 100, mostRecords: 4);

        handover.EndReading(lastId: 6);
        Add(handover, 100, mostRecords: 4);

        var batches = Enumerable.Range(0, 2).Select(turn => handover.Take((4, int.MaxValue), out _)!.Rows.Select(row => row.Id).ToList()).ToList();
        batches.SelectMany(ids => ids).Should().Equal(7, 8, 9, 10, 11);
        handover.HasMore.Should().BeFalse();
    }

    /// <summary>A target that was busy, and of which each record is now tried alone.</summary>
    [Test]
    public void Many_small_batches_after_a_large_one_take_little_memory([Values] bool isRead)
    {
        var handover = new Handover(_room);
        for (var i = 0; i < 20; i++) Add(handover, 100_000, mostRecords: 1000);
        handover.Take((1000, int.MaxValue), out _)!.Bytes.Should().BeGreaterThan(1024 * 1024);
        if (isRead) handover.BeginReading();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Add(handover, 100, mostRecords: 1);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(isRead ? 2_000_000 : 4_000_000);
    }

    private void Add(Handover handover, int bytes, int mostRecords) => handover.Add(
        new(++_id, bytes), "red", new(Guid.NewGuid(), default), LineFormat.Array, new byte[bytes], (mostRecords, int.MaxValue));
}
