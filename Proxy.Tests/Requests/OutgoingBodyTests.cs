using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Requests;

namespace Proxy.Tests.Requests;

/// <summary>The body of an attempt lies in memory that others get when the attempt is over, so nothing may be read of it then.</summary>
internal sealed class OutgoingBodyTests
{
    [Test]
    public async Task Parts_are_written_in_order_and_their_length_is_known_before()
    {
        using var body = Body("""{"model":""", "\"b\"", "}");
        using var sent = new MemoryStream();

        await body.CopyToAsync(sent);

        Encoding.UTF8.GetString(sent.ToArray()).Should().Be("""{"model":"b"}""");
        body.Headers.ContentLength.Should().Be(sent.Length);
    }

    [Test]
    public async Task Closing_ends_a_writing_that_nobody_takes()
    {
        using var body = Body("taken", "never taken");
        await using var connection = new StuckStream(taken: 1);
        var writing = body.CopyToAsync(connection);

        await body.CloseAsync();

        await FluentActions.Awaiting(() => writing).Should().ThrowAsync<OperationCanceledException>();
        connection.Written.Should().Be(1);
    }

    [Test]
    public async Task After_closing_nothing_is_written_any_more()
    {
        using var body = Body("late");
        await body.CloseAsync();
        using var sent = new MemoryStream();

        var late = async () => await body.CopyToAsync(sent);

        await late.Should().ThrowAsync<InvalidOperationException>();
        sent.Length.Should().Be(0);
    }

    private static OutgoingBody Body(params string[] parts)
    {
        var body = new OutgoingBody();
        foreach (var part in parts) body.Append(Encoding.UTF8.GetBytes(part));
        return body;
    }

    /// <summary>A connection that takes some writes and then no more, as one whose window is used up.</summary>
    private sealed class StuckStream(int taken) : MemoryStream
    {
        public int Written { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Written < taken) Written++;
            else await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
    }
}
