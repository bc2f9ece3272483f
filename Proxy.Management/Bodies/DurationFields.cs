using Proxy.Management.Budgets;

namespace Proxy.Management.Bodies;

/// <summary>Fields that state a duration, read as the moment at which it ends.</summary>
public static class DurationFields
{
    /// <summary>A life time that begins now.</summary>
    public static DateTimeOffset? MomentAfter(this FieldReader fields, string name, DateTimeOffset now)
    {
        if (fields.Text(name) is not { } duration) return null;
        if (Durations.TryAdd(now, duration, out var end, out var fault))
        {
            if (end > now) return end;

            fields.FaultInValue(name, $"'{name}' must be longer than nothing.");
            return null;
        }

        fields.FaultInValue(name, $"{fault}: '{name}' must be like '30s', '15m', '24h', '7d', '2w', '1mo' or '1y'.");
        return null;
    }

    /// <summary>When a budget of this duration begins anew.</summary>
    internal static DateTimeOffset? ResetAfter(this FieldReader fields, string name, DateTimeOffset now, BudgetCalendar calendar)
    {
        if (fields.MomentAfter(name, now) is null) return null;
        if (calendar.NextReset(fields.Text(name), now) is { } reset) return reset;

        fields.FaultInValue(name, $"'{name}' must be longer than nothing.");
        return null;
    }
}
