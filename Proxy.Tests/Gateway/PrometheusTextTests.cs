using System.IO.Pipelines;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Prometheus;

namespace Proxy.Tests.Gateway;

/// <summary>The text of a scrape, of which a full table makes tens of thousands of lines.</summary>
internal sealed class PrometheusTextTests
{
    private const int Series = 2000;

    private static readonly byte[] Labels = PrometheusText.Labels(new Label("key", new string('a', 64)), new Label("team", null));

    [TestCase(3, "3")]
    [TestCase(-3, "-3")]
    [TestCase(0.1, "0.1")]
    [TestCase(1234567.25, "1234567.25")]
    [TestCase(2e20, "2E+20")]
    [TestCase(double.PositiveInfinity, "+Inf")]
    public async Task A_value_is_written_so_that_nothing_of_it_is_lost(double value, string expected)
    {
        (await TextAsync(text => text.Sample("figure", [], value))).Should().Be($"figure {expected}\n");
    }

    [Test]
    public async Task What_a_label_may_not_hold_is_escaped_and_what_has_no_value_says_None()
    {
        var labels = PrometheusText.Labels(new Label("a", "x\"y\\z\nü"), new Label("b", null), new Label("c", ""));

        (await TextAsync(text => text.Sample("figure", labels, 1))).Should().Be("figure{a=\"x\\\"y\\\\z\\nü\",b=\"None\",c=\"None\"} 1\n");
    }

    [Test]
    public async Task A_bucket_counts_what_lies_below_it_too()
    {
        var buckets = new Buckets(new BucketScale(0.5, 2));
        foreach (var value in (double[])[0.25, 0.5, 1, 64]) buckets.Add(value);

        (await TextAsync(text => text.Histogram("took", "a=\"b\""u8, buckets))).Should().Be(
            "took_bucket{a=\"b\",le=\"0.5\"} 2\ntook_bucket{a=\"b\",le=\"2\"} 3\ntook_bucket{a=\"b\",le=\"+Inf\"} 4\ntook_sum{a=\"b\"} 65.75\ntook_count{a=\"b\"} 4\n");
    }

    [Test]
    public async Task Lines_go_out_while_the_rest_is_made()
    {
        using var sent = new MemoryStream();
        var text = new PrometheusText(PipeWriter.Create(sent));
        var most = 0L;
        for (var i = 0; i < Series; i++)
        {
            var before = sent.Length;
            text.Sample("figure", Labels, i);
            await text.GiveWayAsync(CancellationToken.None);
            most = Math.Max(most, sent.Length - before);
        }

        sent.Length.Should().BeGreaterThan(100_000);
        most.Should().BeLessThan(50_000, "that is all that waits");
    }

    [Test]
    public async Task A_line_allocates_nothing()
    {
        var text = new PrometheusText(PipeWriter.Create(Stream.Null));
        var buckets = new Buckets(BucketScale.OfCalls);
        buckets.Add(0.3);
        await WriteAllAsync();

        var before = GC.GetAllocatedBytesForCurrentThread();
        await WriteAllAsync();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().BeLessThan(Series * 17, "not a byte for each of seventeen lines a series, whatever the pipe needs");

        async Task WriteAllAsync()
        {
            for (var i = 0; i < Series; i++)
            {
                text.Histogram("took", Labels, buckets);
                await text.GiveWayAsync(CancellationToken.None);
            }
        }
    }

    private static async Task<string> TextAsync(Action<PrometheusText> write)
    {
        using var sent = new MemoryStream();
        var text = new PrometheusText(PipeWriter.Create(sent, new StreamPipeWriterOptions(leaveOpen: true)));
        write(text);
        await text.FlushAsync(CancellationToken.None);
        return Encoding.UTF8.GetString(sent.ToArray());
    }
}
