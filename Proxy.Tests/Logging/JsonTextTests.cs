using System.Buffers;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

public sealed class JsonTextTests
{
    private const string Escaped = "\"\\\n\r\t\u0001\u001f\u0000";
    private const string Plain = "abc é 字 😀 /'<>&\u007f";

    [Test]
    public void Text_comes_back_wherever_what_must_be_escaped_stands()
    {
        for (var length = 0; length <= 300; length++)
        {
            var text = string.Concat(Enumerable.Range(0, length).Select(place => $"{Plain[place % 4]}"));
            foreach (var place in new[] { 0, length / 2, 31, 32, 255, 256, length - 1 }.Where(place => place >= 0 && place < length).Distinct())
            {
                foreach (var letter in Escaped) ShouldComeBack(text[..place] + letter + text[(place + 1)..]);
            }

            ShouldComeBack(text);
        }
    }

    [TestCase("")]
    [TestCase("\"")]
    [TestCase("\"\"")]
    [TestCase("\"said\"")]
    [TestCase("\"\\\"said\"")]
    [TestCase("\"said\"\"")]
    [TestCase("\"ä\"")]
    [TestCase("said\"")]
    public void A_text_that_is_JSON_comes_back(string text) => ShouldComeBack(text);

    [Test]
    public void Text_of_nothing_else_takes_its_most()
    {
        ShouldComeBack(new string('\u0001', 1000));
        ShouldComeBack(string.Concat(Enumerable.Repeat(Escaped, 200)));
        ShouldComeBack(string.Concat(Enumerable.Repeat(Escaped + Plain, 200)));
    }

    [Test]
    public void Pairs_stay_whole_wherever_they_stand_and_half_ones_become_the_mark_of_what_is_lost()
    {
        for (var length = 250; length < 260; length++) ShouldComeBack(new string('a', length) + "😀" + new string('b', 300));

        JsonSerializer.Deserialize<string>(WriteChars("a\ud83d")).Should().Be("a\uFFFD");
        JsonSerializer.Deserialize<string>(WriteChars(new string('a', 255) + "\ud83db")).Should().Be(new string('a', 255) + "\uFFFDb");
    }

    [Test]
    public void Only_what_JSON_demands_is_escaped() => Write(Plain + "\"").Should().Be($"\"{Plain}\\\"\"");

    private static void ShouldComeBack(string text)
    {
        JsonSerializer.Deserialize<string>(Write(text)).Should().Be(text);
        JsonSerializer.Deserialize<string>(WriteChars(text)).Should().Be(text);
    }

    private static string WriteChars(string text)
    {
        var output = new PooledBuffer(16);
        JsonText.WriteString(output, text.AsSpan());
        return Encoding.UTF8.GetString(output.Written.Span);
    }

    private static string Write(string text)
    {
        var output = new ArrayBufferWriter<byte>();
        JsonText.WriteString(output, Encoding.UTF8.GetBytes(text));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
