namespace Proxy.Logging.Shipping;

/// <summary>Names of objects in buckets.</summary>
internal static class ObjectName
{
    /// <summary>By day, then by the first record and how many there are: the same batch has the same name.</summary>
    public static string Of(RecordBatch batch)
    {
        var (first, last) = (batch.Records[0].Name, batch.Records[^1].Name);
        return $"{first.EndedAt.UtcDateTime:yyyy-MM-dd}/{first.Id:N}-{last.Id:N}-{batch.Records.Count}.ndjson";
    }

    /// <summary>Everything but what needs no escape, slashes left as they are.</summary>
    public static string Escape(string name) => string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
}
