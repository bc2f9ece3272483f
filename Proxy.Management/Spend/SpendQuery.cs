using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Spend;

/// <summary>What every sum of spend may be asked for: days, a key, and how many of the dearest.</summary>
internal sealed record SpendQuery(
    DayBook Book,
    TimeProvider Time,
    [property: FromQuery(Name = "start_date")] string? StartDate,
    [property: FromQuery(Name = "end_date")] string? EndDate,
    [property: FromQuery(Name = "api_key")] string? ApiKey,
    [property: FromQuery(Name = "limit")] string? Limit)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    /// <summary>How many are wanted; look at <see cref="LimitFault"/> first.</summary>
    public int Count => QueryNumber.Read(Limit, DefaultLimit, MaxLimit) ?? DefaultLimit;

    public ProxyError? LimitFault => QueryNumber.Read(Limit, DefaultLimit, MaxLimit) is null ? QueryNumber.OutOfRange("limit", MaxLimit) : null;

    /// <summary>Answers from the days of calls.</summary>
    public async Task<IResult> AnswerAsync(Func<DayFilter, Task<IResult>> answer)
    {
        var (filter, error) = Read(range => new DayFilter(range));
        return (error ?? filter!.OfKey(ApiKey)) is { } fault ? new ErrorResult(fault) : await answer(filter!);
    }

    /// <summary>Answers from the days of customers or tags, which are not summed by key.</summary>
    public async Task<IResult> AnswerAsync(AccountKind kind, Func<DayFilter, Task<IResult>> answer)
    {
        var (filter, error) = Read(range => new DayFilter(range, kind));
        return error is not null ? new ErrorResult(error) : await answer(filter!);
    }

    private (DayFilter? Filter, ProxyError? Error) Read(Func<DayRange, DayFilter> choose)
    {
        var (range, error) = DayRange.Read(StartDate, EndDate, Time.GetUtcNow());
        return (error ?? LimitFault) is { } fault ? (null, fault) : (choose(range), null);
    }
}
