namespace Proxy.Management.Auditing;

/// <summary>What was done to a row, in the words of the API.</summary>
internal static class AuditAction
{
    public const string Updated = "updated";
    public const string Deleted = "deleted";

    private const string BlockedColumn = "is_blocked";
    private const string SecretColumn = "secret_hash";

    /// <returns>Null when nothing was.</returns>
    public static string? Find(IDictionary<string, object?>? before, IDictionary<string, object?>? after)
    {
        if (before is null) return after is null ? null : "created";
        if (after is null) return Deleted;
        if (before.All(column => AreSame(column.Value, after[column.Key]))) return null;

        if (Differs(SecretColumn)) return "rotated";
        return !Differs(BlockedColumn) ? Updated : Convert.ToInt64(after[BlockedColumn] ?? 0L, null) == 1 ? "blocked" : "unblocked";

        bool Differs(string column) => before.TryGetValue(column, out var old) && !AreSame(old, after[column]);
    }

    private static bool AreSame(object? one, object? other) =>
        one is byte[] bytes && other is byte[] others ? bytes.AsSpan().SequenceEqual(others) : Equals(one, other);
}
