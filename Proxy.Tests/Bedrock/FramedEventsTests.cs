using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Providers.Bedrock;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Bedrock;

/// <summary>Amazon's frames, as the events that they come to.</summary>
internal sealed class FramedEventsTests
{
    private const string Events = "data: {\"contentBlockDelta\":{\"contentBlockIndex\":0,\"delta\":{\"text\":\"H\u00e4\"},\"p\":\"abcdefgh\"}}\n\ndata: {\"throttlingException\":{\"message\":\"Slow\"}}\n\n";

    private static readonly byte[] Frames = [.. BedrockBodies.Delta(0, "{\"text\":\"H\u00e4\"}"), .. BedrockBodies.Exception("throttlingException", "Slow")];

    [Test]
    public async Task Frames_cut_at_any_byte_come_to_the_same_events()
    {
        for (var cut = 0; cut <= Frames.Length; cut++) (await ReadAsync(Frames[..cut], Frames[cut..])).Should().Be(Events, "cut at {0}", cut);
    }

    [Test]
    public async Task A_stream_that_ends_within_a_frame_is_broken()
    {
        var whole = BedrockBodies.Delta(0, "{\"text\":\"H\u00e4\"}").Length;
        for (var length = 1; length < Frames.Length; length++)
        {
            if (length == whole) continue;

            var read = () => ReadAsync(Frames[..length]);
            await read.Should().ThrowAsync<InvalidDataException>("it ends after {0} bytes", length);
        }
    }

    [Test]
    public async Task A_byte_that_changed_on_the_way_breaks_the_stream()
    {
        for (var place = 0; place < Frames.Length; place++)
        {
            var changed = Frames.ToArray();
            changed[place] ^= 1;

            var read = () => ReadAsync(changed);
            await read.Should().ThrowAsync<InvalidDataException>("byte {0} changed", place);
        }
    }

    /// <summary>A frame that Amazon's own tests are made of.</summary>
    [Test]
    public async Task The_checksums_are_those_that_are_published()
    {
        var published = Convert.FromHexString("0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1");

        var read = () => ReadAsync(published);

        (await read.Should().ThrowAsync<InvalidDataException>()).Which.Message.Should().Be("A frame does not say what it is.");
    }

    [Test]
    public async Task Headers_of_every_type_are_passed_over()
    {
        byte[] head =
        [
            2, .. "b0"u8, 0, 2, .. "b1"u8, 1, 2, .. "by"u8, 2, 9, 2, .. "sh"u8, 3, 0, 9, 2, .. "in"u8, 4, 0, 0, 0, 9, 2, .. "lo"u8, 5, 0, 0, 0, 0, 0, 0, 0, 9,
            2, .. "bs"u8, 6, 0, 2, 7, 7, 2, .. "ts"u8, 8, 0, 0, 0, 0, 0, 0, 0, 9, 2, .. "id"u8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
            11, .. ":event-type"u8, 7, 0, 4, .. "ping"u8,
        ];

        (await ReadAsync(BedrockBodies.Frame(head, []))).Should().Be("data: {\"ping\":{}}\n\n");
    }

    [TestCase("{\n \"a\":\r\n1}", "data: {\"x\":{  \"a\":  1}}\n\n")]
    public async Task Line_ends_of_a_content_do_not_end_the_event(string content, string expected) =>
        (await ReadAsync(BedrockBodies.Event("x", content))).Should().Be(expected);

    [TestCase("data: x\n\nevil")]
    [TestCase("a\"b")]
    [TestCase("")]
    public async Task A_name_that_is_none_breaks_the_stream(string name)
    {
        var read = () => ReadAsync(BedrockBodies.Event(name, "{}"));
        await read.Should().ThrowAsync<InvalidDataException>();
    }

    [Test]
    public async Task An_error_without_a_content_is_told_by_its_headers() =>
        (await ReadAsync(BedrockBodies.Frame("", (":message-type", "error"), (":error-code", "InternalError"), (":error-message", "It \"broke\""))))
            .Should().Be("data: {\"error\":{\"message\":\"It \\u0022broke\\u0022\"}}\n\n");

    [Test]
    public async Task A_frame_that_is_too_long_breaks_the_stream()
    {
        var read = () => ReadAsync(BedrockBodies.Event("x", $"\"{new string('x', 5_000_000)}\""));
        await read.Should().ThrowAsync<InvalidDataException>();
    }

    private static async Task<string> ReadAsync(params byte[][] pieces)
    {
        await using var events = new FramedEvents(new Pieces(pieces));
        var read = new MemoryStream();
        var buffer = new byte[7];
        while (true)
        {
            (await events.ReadAsync(Memory<byte>.Empty)).Should().Be(0);
            var count = await events.ReadAsync(buffer);
            if (count == 0) return Encoding.UTF8.GetString(read.ToArray());

            read.Write(buffer, 0, count);
        }
    }

    /// <summary>A stream that gives its pieces one by one.</summary>
    private sealed class Pieces(byte[][] pieces) : MemoryStream([.. pieces.SelectMany(piece => piece)])
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var end = 0;
            foreach (var piece in pieces)
            {
                end += piece.Length;
                if (end > Position) return base.ReadAsync(buffer[..(int)Math.Min(buffer.Length, end - Position)], cancellationToken);
            }

            return ValueTask.FromResult(0);
        }
    }
}
