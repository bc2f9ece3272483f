using System.Text;
using Dapper;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>Which rows of days are read, as the condition of a statement. Columns are words of this assembly, values are parameters.</summary>
internal sealed class DayFilter
{
    public const int MaxValues = 100;

    private readonly StringBuilder _sql = new("day between @from and @to");
    private readonly DynamicParameters _parameters = new();

    public DayFilter(DayRange range)
    {
        _parameters.Add("from", range.From);
        _parameters.Add("to", range.To);
    }

    /// <summary>Rows of customers or of tags.</summary>
    public DayFilter(DayRange range, AccountKind kind)
        : this(range) => Is("kind", new AccountId(kind, "").Scope);

    public string Sql => _sql.ToString();

    public DynamicParameters Parameters => _parameters;

    public DayFilter Is(string column, object value) => OneOf(column, [value]);

    public DayFilter OneOf(string column, IReadOnlyList<object> values, bool isNot = false)
    {
        _sql.Append(" and ").Append(column).Append(isNot ? " not in (" : " in (").AppendJoin(", ", values.Select(Add).ToList()).Append(')');

        // The indices are of rows that have a team, user or organisation, and are only taken where that is said.
        return values[0] is string ? Having(column) : this;
    }

    public DayFilter Having(string column)
    {
        _sql.Append(" and ").Append(column).Append(" <> ''");
        return this;
    }

    /// <summary>What a caller may see: an admin all, others what their user has spent, or their key when it has no user.</summary>
    public DayFilter SeenBy(Caller caller) => caller.SeesAll ? this
        : caller.UserId is { } user ? Is("user_id", user)
        : Is("key_hash", caller.KeyHash!.Value.ToArray());

    /// <summary>As the other, and all of the teams that they are an admin of.</summary>
    public DayFilter SeenBy(Caller caller, IReadOnlyList<string> wholeTeams)
    {
        if (caller.SeesAll || wholeTeams.Count == 0) return SeenBy(caller);

        _sql.Append(" and (user_id = ").Append(Add(caller.UserId!)).Append(" or team_id in (").AppendJoin(", ", wholeTeams.Select(Add).ToList()).Append("))");
        return this;
    }

    /// <summary>The rows of one key, named by itself or by its hash; all rows when none is named.</summary>
    /// <returns>What is wrong with the name, or null.</returns>
    public ProxyError? OfKey(string? key)
    {
        if (string.IsNullOrEmpty(key)) return null;
        if (KeyFormat.FindHash(key) is not { } hash) return KeyErrors.InvalidFormat;

        _parameters.Add("hash", hash.ToArray());
        _sql.Append(" and key_hash = ").Append(KeySecrets.LastingHash);
        return null;
    }

    /// <returns>The name of the parameter, as a statement has it.</returns>
    private string Add(object value)
    {
        var name = $"p{_parameters.ParameterNames.Count()}";
        _parameters.Add(name, value is string text ? SpendDay.Name(text) : value);
        return "@" + name;
    }

    /// <summary>The rows of several things, separated by commas; all rows when none is named.</summary>
    /// <returns>What is wrong with the list, or null.</returns>
    public ProxyError? OfList(string column, string? list, string field, bool isNot = false)
    {
        var values = (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (values.Length > MaxValues) return ProxyError.BadRequest($"'{field}' must not name more than {MaxValues}.", field);
        if (values.Any(value => value.Any(char.IsControl))) return ProxyError.BadRequest($"'{field}' must not hold control characters.", field);

        if (values.Length > 0) OneOf(column, values, isNot);
        return null;
    }
}
