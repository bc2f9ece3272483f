using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Proxy.Host.Prometheus;

/// <summary>A label and its value; Prometheus' clients write <c>None</c> where there is none.</summary>
internal readonly record struct Label(string Name, string? Value);

/// <summary>Figures as Prometheus reads them: its text format 0.0.4.</summary>
/// <remarks>A thousand series are some 60,000 lines, so a line allocates nothing, and what is written goes out while the rest is made.</remarks>
internal sealed class PrometheusText(PipeWriter body)
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private const string None = "None";

    /// <summary>What may wait to be sent.</summary>
    private const int FlushAt = 32 * 1024;

    /// <summary>More than a number and the marks of a line need.</summary>
    private const int LineRoom = 64;

    private int _unsent;

    /// <summary>Labels as they stand in every line of a series: made once for all of them.</summary>
    public static byte[] Labels(params ReadOnlySpan<Label> labels)
    {
        var text = new StringBuilder(256);
        foreach (var label in labels)
        {
            if (text.Length > 0) text.Append(',');
            text.Append(label.Name).Append("=\"");
            foreach (var character in label.Value is { Length: > 0 } value ? value : None)
            {
                _ = character switch
                {
                    '\\' => text.Append("\\\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append("\\n"),
                    _ => text.Append(character),
                };
            }

            text.Append('"');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public void Family(string name, string type, string help)
    {
        var text = $"# HELP {name} {help.Replace("\\", "\\\\").Replace("\n", "\\n")}\n# TYPE {name} {type}\n";
        _unsent += (int)Encoding.UTF8.GetBytes(text, body);
    }

    public void Sample(string name, ReadOnlySpan<byte> labels, double value) => Line(name, "", labels, [], value);

    public void Histogram(string name, ReadOnlySpan<byte> labels, Buckets buckets)
    {
        var count = 0L;
        for (var i = 0; i < buckets.Scale.Count; i++) Line(name, "_bucket", labels, buckets.Scale.LabelOf(i), count += buckets.At(i));
        count += buckets.At(buckets.Scale.Count);
        Line(name, "_bucket", labels, BucketScale.Infinity, count);
        Line(name, "_sum", labels, [], buckets.Sum);
        Line(name, "_count", labels, [], count);
    }

    /// <summary>Waits for the reader when enough of it is written.</summary>
    public ValueTask GiveWayAsync(CancellationToken cancellationToken) => _unsent < FlushAt ? default : FlushAsync(cancellationToken);

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        _unsent = 0;
        await body.FlushAsync(cancellationToken);
    }

    private void Line(string name, string suffix, ReadOnlySpan<byte> labels, ReadOnlySpan<byte> bound, double value)
    {
        var line = body.GetSpan(name.Length + suffix.Length + labels.Length + bound.Length + LineRoom);
        var at = Encoding.ASCII.GetBytes(name, line);
        at += Encoding.ASCII.GetBytes(suffix, line[at..]);
        if (labels.Length + bound.Length > 0)
        {
            line[at++] = (byte)'{';
            at += Copy(labels, line[at..]);
            if (labels.Length > 0 && bound.Length > 0) line[at++] = (byte)',';
            at += Copy(bound, line[at..]);
            line[at++] = (byte)'}';
        }

        line[at++] = (byte)' ';
        at += Number(value, line[at..]);
        line[at++] = (byte)'\n';
        body.Advance(at);
        _unsent += at;
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        from.CopyTo(to);
        return from.Length;
    }

    /// <summary>Nearly all are whole numbers, which are written several times as fast.</summary>
    private static int Number(double value, Span<byte> to)
    {
        const double ExactlyWhole = 1e15;
        if (double.IsPositiveInfinity(value)) return Copy("+Inf"u8, to);

        int written;
        if (Math.Abs(value) < ExactlyWhole && value == Math.Truncate(value)) ((long)value).TryFormat(to, out written, provider: CultureInfo.InvariantCulture);
        else value.TryFormat(to, out written, "R", CultureInfo.InvariantCulture);
        return written;
    }
}
