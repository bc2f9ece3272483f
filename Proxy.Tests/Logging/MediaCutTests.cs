using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

public sealed class MediaCutTests
{
    [Test]
    public void An_image_becomes_a_note_with_its_type_size_and_hash()
    {
        var image = Enumerable.Range(0, 3000).Select(value => (byte)(value * 7)).ToArray();
        var json = $$$"""[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Convert.ToBase64String(image)}}}"}},{"text":"What \"is\" it?"}]}]""";

        Cut(json).Should().Be(
            $$$"""[{"content":[{"type":"image_url","image_url":{"url":"<image/png, 3000 bytes, sha256 {{{Convert.ToHexStringLower(SHA256.HashData(image))}}}>"}},{"text":"What \"is\" it?"}]}]""");
    }

    [Test]
    public void A_sound_without_a_data_URL_is_known_by_its_form() =>
        Cut($$$"""{"input_audio":{"data":"{{{Convert.ToBase64String(new byte[1000].Select((_, i) => (byte)(i * 31)).ToArray())}}}","format":"wav"}}""")
            .Should().StartWith("""{"input_audio":{"data":"<base64, 1000 bytes, sha256 """).And.EndWith("\"format\":\"wav\"}}");

    [Test]
    public void The_shortest_medium_is_found_wherever_it_stands_and_however_long_its_type_is()
    {
        foreach (var type in (string[])["image/png", "image/" + new string('x', 180)])
        {
            var url = $"data:{type};base64,";
            url += Convert.ToBase64String(Enumerable.Range(0, 600).Select(value => (byte)(value * 7)).ToArray())[..(512 - url.Length)];
            for (var before = 0; before < 300; before++) Cut($$"""{"text":"{{new string(' ', before)}}","url":"{{url}}"}""").Should().Contain($"\"<{type}, ");
        }
    }

    [TestCase("\"short\"")]
    [TestCase("not JSON \" at all \\")]
    public void What_is_small_or_broken_stays(string json) => Cut(json + new string(' ', 600)).Should().StartWith(json);

    [Test]
    public void Prose_stays()
    {
        var prose = "\"" + string.Concat(Enumerable.Repeat("Ten words. ", 100)) + "\"";

        Cut(prose).Should().Be(prose);
    }

    private static string Cut(string json) => Encoding.UTF8.GetString(MediaCut.Apply(Encoding.UTF8.GetBytes(json)).Span);
}
