using System.Buffers;
using System.Globalization;
using System.Text;

namespace Proxy.Host.Prometheus;

/// <summary>A label and its value; Prometheus' clients write <c>None</c> where there is none.</summary>
internal readonly record struct Label(string Name, string? Value);

/// <summary>Figures as Prometheus reads them: its text format 0.0.4.</summary>
internal sealed class PrometheusText(IBufferWriter<byte> body)
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private const string None = "None";

    private readonly StringBuilder _line = new();

    public void Family(string name, string type, string help)
    {
        _line.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        _line.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        Flush();
    }

    public void Sample(string name, IReadOnlyList<Label> labels, double value, double? bound = null)
    {
        _line.Append(name);
        var separator = '{';
        foreach (var label in labels) Append(label.Name, label.Value, ref separator);
        if (bound is { } le) Append("le", Number(le), ref separator);
        if (separator == ',') _line.Append('}');
        _line.Append(' ').Append(Number(value)).Append('\n');
        Flush();
    }

    public void Histogram(string name, IReadOnlyList<Label> labels, Buckets buckets)
    {
        for (var i = 0; i < buckets.Bounds.Length; i++) Sample(name + "_bucket", labels, buckets.UpTo(i), buckets.Bounds[i]);
        var count = buckets.UpTo(buckets.Bounds.Length);
        Sample(name + "_bucket", labels, count, double.PositiveInfinity);
        Sample(name + "_sum", labels, buckets.Sum);
        Sample(name + "_count", labels, count);
    }

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private void Append(string name, string? value, ref char separator)
    {
        _line.Append(separator).Append(name).Append("=\"");
        foreach (var character in value is { Length: > 0 } ? value : None)
        {
            _ = character switch
            {
                '\\' => _line.Append("\\\\"),
                '"' => _line.Append("\\\""),
                '\n' => _line.Append("\\n"),
                _ => _line.Append(character),
            };
        }

        _line.Append('"');
        separator = ',';
    }

    private void Flush()
    {
        foreach (var chunk in _line.GetChunks()) Encoding.UTF8.GetBytes(chunk.Span, body);
        _line.Clear();
    }
}
