using System.Globalization;
using Proxy.Management.Errors;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>The refusals of budgets and limits, in the words that clients match on, with every figure.</summary>
internal static class Refusals
{
    public const string BudgetExceeded = "budget_exceeded";
    public const string RateLimit = "rate_limit_error";

    public static ProxyError Of(in Denial denial, DateTimeOffset now) => denial.Reason switch
    {
        DenialReason.Blocked => new ProxyError(
            401, ProxyError.AuthError, $"Authentication Error, {denial.Account.Id.Scope} {denial.Account.Id.Shown} is blocked."),
        DenialReason.Budget => OfBudget(denial),
        _ => OfRate(denial, now),
    };

    private static ProxyError OfBudget(in Denial denial)
    {
        var id = denial.Account.Id;
        var (spend, budget) = (Money.FromPico(denial.Used), Money.FromPico(denial.Limit));
        var message = id.Kind switch
        {
            AccountKind.Key or AccountKind.Proxy => $"Budget has been exceeded! Current cost: {spend}, Max budget: {budget}",
            AccountKind.User => $"ExceededBudget: User={id.Shown} over budget. Spend={spend}, Budget={budget}",
            AccountKind.Customer => $"ExceededBudget: End User={id.Shown} over budget. Spend={spend}, Budget={budget}",
            _ => $"Budget has been exceeded! {Word(id.Kind)}={id.Shown} Current cost: {spend}, Max budget: {budget}",
        };
        var reserved = denial.Reserved == 0 ? ""
            : $" Calls under way hold {Money.FromPico(denial.Reserved)} of it, and this one may cost {Money.FromPico(denial.Asked)}; a smaller max_tokens holds less.";
        var reset = denial.ResetAt is { } at ? $"It resets at {Format(at)}." : "It does not reset.";
        return new ProxyError(denial.IsHeld ? 429 : 400, BudgetExceeded, $"{message}. This is the budget of {id.Scope} {id.Shown}.{reserved} {reset}")
        {
            RetryAfterSeconds = denial.IsHeld ? 1 : null,
            Scope = new ErrorScope(id.Scope, id.Shown, budget, spend, RateLimitType: null, denial.ResetAt),
        };
    }

    private static ProxyError OfRate(in Denial denial, DateTimeOffset now)
    {
        var id = denial.Account.Id;
        var type = denial.Reason switch
        {
            DenialReason.Requests => "requests",
            DenialReason.Tokens => "tokens",
            _ => "max_parallel_requests",
        };
        var scope = id.Kind == AccountKind.Key ? "api_key" : id.Scope;
        var resetAt = denial.Wait is { } wait ? now + wait : (DateTimeOffset?)null;
        var reset = resetAt is { } at ? $"Limit resets at: {Format(at)}"
            : denial.Limit == 0 ? "It lets nothing through"
            : "A permit frees when a call ends";
        return new ProxyError(
            429,
            RateLimit,
            $"Rate limit exceeded for {scope}: {id.Shown}. Limit type: {type}. Current limit: {denial.Limit}, Remaining: 0. {reset}")
        {
            RetryAfterSeconds = denial.Wait is { } seconds ? Math.Max(1, (int)Math.Ceiling(seconds.TotalSeconds)) : denial.Limit > 0 ? 1 : null,
            Scope = new ErrorScope(scope, id.Shown, denial.Limit, Spend: null, type, resetAt),
        };
    }

    private static string Word(AccountKind kind) => kind switch
    {
        AccountKind.Organization => "Organization",
        AccountKind.Team => "Team",
        AccountKind.Member => "Team member",
        AccountKind.OrganizationMember => "Organization member",
        AccountKind.KeyModel => "Model of key",
        AccountKind.TeamModel => "Model of team",
        _ => "Tag",
    };

    private static string Format(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
