using System.ComponentModel.DataAnnotations;
using Proxy.Management.Budgets;

namespace Proxy.Host.Configuration;

/// <summary>Section <c>Limits</c>: what the whole gateway may use, and where its midnight is.</summary>
internal sealed class LimitOptions : IValidatableObject
{
    public const string Section = "Limits";

    /// <summary>US dollars in a period; calls are refused when it is reached.</summary>
    [Range(0.0, 9_000_000.0)]
    public decimal? MaxBudget { get; set; }

    /// <summary>US dollars at which an alert goes out.</summary>
    [Range(0.0, 9_000_000.0)]
    public decimal? SoftBudget { get; set; }

    /// <summary>How often the spend goes back to zero, such as <c>1d</c>, <c>7d</c> or <c>1mo</c>.</summary>
    public string? BudgetDuration { get; set; }

    [Range(0, long.MaxValue)]
    public long? MaxParallelRequests { get; set; }

    [Range(0, long.MaxValue)]
    public long? TpmLimit { get; set; }

    [Range(0, long.MaxValue)]
    public long? RpmLimit { get; set; }

    /// <summary>Whose midnight ends a day for every budget. The default value is UTC.</summary>
    public string TimeZone { get; set; } = "UTC";

    public AccountTerms ToTerms() => new()
    {
        MaxBudget = MaxBudget,
        SoftBudget = SoftBudget,
        BudgetDuration = BudgetDuration,
        MaxParallelRequests = MaxParallelRequests,
        TpmLimit = TpmLimit,
        RpmLimit = RpmLimit,
    };

    public TimeZoneInfo ToZone() => TimeZoneInfo.FindSystemTimeZoneById(TimeZone);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (BudgetDuration is not null && !BudgetCalendar.IsDuration(BudgetDuration))
            yield return new ValidationResult($"BudgetDuration '{BudgetDuration}' is not like '12h', '1d', '7d' or '1mo'.");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _))
            yield return new ValidationResult($"TimeZone '{TimeZone}' is not known here.");
    }
}
