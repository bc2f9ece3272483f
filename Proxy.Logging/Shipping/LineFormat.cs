using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Records as plain JSON: one a line, or the elements of one array.</summary>
internal sealed class LineFormat : BatchFormat
{
    public static readonly LineFormat Lines = new("", "\n", "\n");

    public static readonly LineFormat Array = new("[", ",", "]");

    private LineFormat(string head, string separator, string tail)
    {
        Head = System.Text.Encoding.UTF8.GetBytes(head);
        Separator = System.Text.Encoding.UTF8.GetBytes(separator);
        Tail = System.Text.Encoding.UTF8.GetBytes(tail);
    }

    public override void Write(PooledBuffer output, CompletionRecord record, LogTarget target) => RecordLine.Write(output, record);
}
