using System.Globalization;
using System.Text;
using Dapper;
using Microsoft.AspNetCore.Http;
using Proxy.Management.Bodies;

namespace Proxy.Management.Auditing;

/// <summary>Which entries are asked for.</summary>
internal sealed class AuditQuery : ListQuery
{
    public static readonly string[] Known =
        ["page", "page_size", "changed_by", "changed_by_api_key", "action", "table_name", "object_id", "start_date", "end_date"];

    private const int UsualSize = 10;
    private const int MaxSize = 100;
    private const int MaxNumber = 1_000_000;

    /// <remarks>Each part has its index, which an "or" would not use where the order of the ids looks cheaper.</remarks>
    private const string ByChangerSql = """
        audit_id in (select audit_id from audit_log where changed_by = @changed_by union select audit_id from audit_log where claimed_by = @changed_by)
        """;

    private readonly StringBuilder _condition = new("where 1 = 1");

    public AuditQuery(IQueryCollection query)
        : base(query, Known)
    {
        Page = Number("page", 1, MaxNumber);
        Size = Number("page_size", UsualSize, MaxSize);
        Add(ByChangerSql, "changed_by", Text("changed_by"));
        Add("changed_by_key = @changed_by_key", "changed_by_key", Text("changed_by_api_key"));
        Add("action = @action", "action", Text("action"));
        Add("table_name = @table_name", "table_name", Text("table_name"));
        Add("object_id = @object_id", "object_id", Text("object_id"));
        Add("changed_at >= @start", "start", Moment("start_date", TimeSpan.Zero));
        Add("changed_at < @end", "end", Moment("end_date", TimeSpan.FromDays(1)));
    }

    public int Page { get; }

    public int Size { get; }

    public string Condition => _condition.ToString();

    public DynamicParameters Parameters { get; } = new();

    private void Add(string part, string name, object? value)
    {
        if (value is null) return;

        _condition.Append(" and ").Append(part);
        Parameters.Add(name, value);
    }

    /// <param name="name">Of a day or a moment.</param>
    /// <param name="day">How much of a day belongs to it: the last one is meant whole.</param>
    private long? Moment(string name, TimeSpan day)
    {
        if (Text(name) is not { } text) return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return new DateTimeOffset(date, default, TimeSpan.Zero).ToUnixTimeMilliseconds() + (long)day.TotalMilliseconds;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)) return moment.ToUnixTimeMilliseconds();

        Fault(name, $"'{name}' must be a day such as 2030-01-31 or a moment such as 2030-01-31T12:00:00Z.");
        return null;
    }
}
